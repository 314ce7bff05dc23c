import { type CertificateAuthority } from '@ecr-pull-secrets/certs-scripts/certificate-authority.ts';
import { verifyAuthority } from '@ecr-pull-secrets/certs-scripts/verify.ts';
import { MANAGED_BY_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { apply } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ObjectMeta } from '../kube/objects.ts';

/** The Secret that holds the certificate authority, in the release namespace. */
export interface AuthoritySecret {
  readonly metadata: ObjectMeta;
  /** Base64, as the API has it. */
  readonly data?: Readonly<Record<string, string>>;
}

/** What is known about the Secret. */
export type KnownSecret =
  /** Not read yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'present'; readonly secret: AuthoritySecret };

/** What the Secret is worth at some instant. */
export type AuthorityState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  /** There, but of no use. */
  | {
      readonly kind: 'invalid';
      readonly resourceVersion: string;
      readonly problems: readonly string[];
    }
  | { readonly kind: 'valid'; readonly authority: CertificateAuthority };

/** Format of the Secret's data; raised when a field changes its meaning. */
const FORMAT_ANNOTATION = 'ecr-pull-secrets.io/format';
const FORMAT = '1';

const CERTIFICATE_KEY = 'tls.crt';
const PRIVATE_KEY_KEY = 'tls.key';

/** Judges the Secret as of now: what was valid once expires. Problems never quote the key. */
export function authorityOf(known: KnownSecret, now: Date): AuthorityState {
  if (known.kind !== 'present') return known;
  const { metadata, data = {} } = known.secret;
  const authority = {
    certificatePem: decode(data[CERTIFICATE_KEY]),
    privateKeyPem: decode(data[PRIVATE_KEY_KEY]),
  };
  const problems = verifyAuthority(authority, now);
  if (problems.length === 0) return { kind: 'valid', authority };
  return { kind: 'invalid', resourceVersion: metadata.resourceVersion ?? '', problems };
}

function decode(value: string | undefined): string {
  return Buffer.from(value ?? '', 'base64').toString();
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Where the Secret is. */
interface SecretLocation {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * Writes the authority, bound to a version so that two leaders can never both have theirs in use.
 *
 * @param resourceVersion - of the Secret to replace; `"1"` only creates
 * @throws an ApiError, 409 where somebody else was quicker
 */
export async function applyAuthoritySecret(
  { client, namespace, name, signal }: SecretLocation,
  authority: CertificateAuthority,
  resourceVersion: string,
): Promise<void> {
  await apply({
    client,
    path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        namespace,
        resourceVersion,
        labels: { [MANAGED_BY_LABEL]: PRODUCT_NAME },
        annotations: { [FORMAT_ANNOTATION]: FORMAT },
      },
      data: {
        [CERTIFICATE_KEY]: encode(authority.certificatePem),
        [PRIVATE_KEY_KEY]: encode(authority.privateKeyPem),
      },
    },
    signal,
  });
}
