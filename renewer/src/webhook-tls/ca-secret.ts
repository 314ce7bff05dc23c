import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { applySecret, type SecretTarget } from '@ecr-pull-secrets/kube/secrets.ts';

/** The Secret that holds the CA, in the release namespace. */
export interface CaSecret {
  readonly metadata: ObjectMeta;
  /** Base64, as the API has it. */
  readonly data?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly immutable?: boolean;
}

/**
 * Format of the Secret, raised if a key changes its meaning. The meaning of `signing` and `trusted`
 * never changes, so that replicas of any two versions can serve beside each other.
 */
export const FORMAT = '1';
export const FORMAT_ANNOTATION = 'ecr-pull-secrets.io/format';

/** RFC 3339 instant since which the signing CA signs. */
export const SIGNING_SINCE_ANNOTATION = 'ecr-pull-secrets.io/signing-since';

/** Set by a person: RFC 3339 instant from which on another CA is wanted. */
export const ROTATE_AT_ANNOTATION = 'ecr-pull-secrets.io/rotate-at';

/** Set by a person: RFC 3339 instant before which every CA that was made is compromised. */
export const DISTRUST_BEFORE_ANNOTATION = 'ecr-pull-secrets.io/distrust-before';

/** The keys of the Secret's data. */
export const CA_SECRET_KEYS = {
  signing: { certificate: 'tls.crt', privateKey: 'tls.key' },
  next: { certificate: 'next.crt', privateKey: 'next.key' },
  trusted: 'ca.crt',
} as const;

/** What the Secret is to hold. */
export interface CaRecord {
  readonly signing?: PemPair | undefined;
  readonly next?: PemPair | undefined;
  /** PEM of every certificate that API servers are to trust. */
  readonly trustedPem: string;
  readonly signingSinceMs: number;
}

/** Where the Secret is. */
export interface CaSecretLocation {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Writes the record, bound to a version so that two leaders can never both have theirs in use.
 *
 * @param resourceVersion - of the Secret to replace, or `CREATE_ONLY`
 * @throws an ApiError: 409 if another writer was quicker, 422 if the Secret cannot take it
 */
export async function applyCaSecret(target: SecretTarget, record: CaRecord, resourceVersion: string): Promise<void> {
  const { signing, next, trustedPem, signingSinceMs } = record;
  const annotations = {
    [FORMAT_ANNOTATION]: FORMAT,
    [SIGNING_SINCE_ANNOTATION]: new Date(signingSinceMs).toISOString(),
  };
  const data = {
    ...pairData(CA_SECRET_KEYS.signing, signing),
    ...pairData(CA_SECRET_KEYS.next, next),
    [CA_SECRET_KEYS.trusted]: trustedPem,
  };
  await applySecret(target, { resourceVersion, annotations, data });
}

function pairData(
  keys: { readonly certificate: string; readonly privateKey: string },
  pair: PemPair | undefined,
): Readonly<Record<string, string>> {
  if (!pair) return {};
  return { [keys.certificate]: pair.certificatePem, [keys.privateKey]: pair.privateKeyPem };
}
