import { type CertificateAuthority } from '@ecr-pull-secrets/certs-scripts/issue/certificate-authority.ts';
import { MANAGED_BY_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { apply } from '@ecr-pull-secrets/kube/apply.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';

/** The Secret that holds the certificate authority, in the release namespace. */
export interface AuthoritySecret {
  readonly metadata: ObjectMeta;
  /** Base64, as the API has it. */
  readonly data?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly immutable?: boolean;
}

/** What is known about the Secret. */
export type CaSecret =
  /** Not read yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'present'; readonly secret: AuthoritySecret };

/**
 * Format of the Secret, raised when a key changes its meaning. The meaning of `signing` and `trusted`
 * stays for ever, so that replicas of any two versions serve beside each other.
 */
export const FORMAT = '1';
export const FORMAT_ANNOTATION = 'ecr-pull-secrets.io/format';

/** RFC 3339 instant since which the signing authority signs. */
export const SIGNING_SINCE_ANNOTATION = 'ecr-pull-secrets.io/signing-since';

/** Set by a person: RFC 3339 instant from which on another authority is wanted. */
export const ROTATE_AT_ANNOTATION = 'ecr-pull-secrets.io/rotate-at';

/** Set by a person: RFC 3339 instant before which every CA that was made is compromised. */
export const DISTRUST_BEFORE_ANNOTATION = 'ecr-pull-secrets.io/distrust-before';

/** The Secret's data. */
export const AUTHORITY_KEYS = {
  signing: { certificate: 'tls.crt', privateKey: 'tls.key' },
  next: { certificate: 'next.crt', privateKey: 'next.key' },
  trusted: 'ca.crt',
} as const;

/** What the Secret is to hold. */
export interface CaRecord {
  readonly signing?: CertificateAuthority | undefined;
  readonly next?: CertificateAuthority | undefined;
  /** PEM of every certificate that API servers are to trust. */
  readonly trustedPem: string;
  readonly signingSinceMs: number;
}

/** Where the Secret is. */
export interface AuthoritySecretLocation {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The Secret's name. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * Writes the record, bound to a version so that two leaders can never both have theirs in use.
 *
 * @param resourceVersion - of the Secret to replace; `"1"` only creates
 * @throws an ApiError: 409 where somebody else was quicker, 422 where the Secret cannot take it
 */
export async function applyCaSecret(
  location: AuthoritySecretLocation,
  record: CaRecord,
  resourceVersion: string,
): Promise<void> {
  const { client, namespace, name, signal } = location;
  await apply({
    client,
    path: pathOf(location),
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
          [SIGNING_SINCE_ANNOTATION]: new Date(record.signingSinceMs).toISOString(),
        },
      },
      data: {
        ...pairData(AUTHORITY_KEYS.signing, record.signing),
        ...pairData(AUTHORITY_KEYS.next, record.next),
        [AUTHORITY_KEYS.trusted]: encode(record.trustedPem),
      },
    },
    signal,
  });
}

/**
 * Deletes a Secret that cannot take a record, for instance an immutable one, unless it changed.
 *
 * @throws an ApiError, 409 where it is another by now
 */
export async function deleteCaSecret(
  location: AuthoritySecretLocation,
  resourceVersion: string,
): Promise<void> {
  await location.client.request({
    method: 'DELETE',
    path: pathOf(location),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion } },
    signal: location.signal,
  });
}

function pathOf({ namespace, name }: AuthoritySecretLocation): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`;
}

function pairData(
  { certificate, privateKey }: { readonly certificate: string; readonly privateKey: string },
  authority: CertificateAuthority | undefined,
): Readonly<Record<string, string>> {
  if (!authority) return {};
  return {
    [certificate]: encode(authority.certificatePem),
    [privateKey]: encode(authority.privateKeyPem),
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
