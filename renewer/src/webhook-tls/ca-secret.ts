import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { apply } from '@ecr-pull-secrets/kube/apply.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { secretPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { MANAGED_BY_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';

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
export async function applyCaSecret(
  client: KubeClient,
  { namespace, name }: CaSecretLocation,
  { record, resourceVersion }: { readonly record: CaRecord; readonly resourceVersion: string },
  signal: AbortSignal,
): Promise<void> {
  const { signing, next, trustedPem, signingSinceMs } = record;
  await apply({
    client,
    path: secretPath(namespace, name),
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        namespace,
        resourceVersion,
        labels: { [MANAGED_BY_LABEL]: PRODUCT_NAME },
        annotations: {
          [FORMAT_ANNOTATION]: FORMAT,
          [SIGNING_SINCE_ANNOTATION]: new Date(signingSinceMs).toISOString(),
        },
      },
      data: {
        ...pairData(CA_SECRET_KEYS.signing, signing),
        ...pairData(CA_SECRET_KEYS.next, next),
        [CA_SECRET_KEYS.trusted]: encode(trustedPem),
      },
    },
    signal,
  });
}

/**
 * Deletes a Secret that cannot take a record, for instance an immutable one, unless it changed.
 *
 * @throws an ApiError, 409 if it has changed
 */
export async function deleteCaSecret(
  client: KubeClient,
  { namespace, name }: CaSecretLocation,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<void> {
  await client.request({
    method: 'DELETE',
    path: secretPath(namespace, name),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion } },
    signal,
  });
}

function pairData(
  keys: { readonly certificate: string; readonly privateKey: string },
  pair: PemPair | undefined,
): Readonly<Record<string, string>> {
  if (!pair) return {};
  return {
    [keys.certificate]: encode(pair.certificatePem),
    [keys.privateKey]: encode(pair.privateKeyPem),
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
