import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { leafProblems } from '@ecr-pull-secrets/certs-scripts/verify/certificate-problems.ts';
import { issuerProblems } from '@ecr-pull-secrets/certs-scripts/verify/issuer-problems.ts';
import { readPemCertificates } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';

/** What could be read of the certificates of the webhook. */
export type WebhookCertificate =
  /** The chain, from the webhook itself or from the Secret that it is mounted from. */
  | { readonly kind: 'chain'; readonly pem: string }
  /** Only the CA that signs the certificates. */
  | { readonly kind: 'ca'; readonly pem: string };

export interface TrustedCall {
  /** As the webhook configuration has it: base64. */
  readonly caBundle: string;
  /** The name of the server that the API server requires. */
  readonly dnsName: string;
  readonly nowMs: number;
}

/**
 * Why an API server with this `caBundle` does not accept the certificate of the webhook; empty if it accepts it. The
 * verdict is that of docs/decisions/0010-one-verifier-of-certificates.md.
 */
export function certificateProblems(
  certificate: WebhookCertificate,
  { caBundle, dnsName, nowMs }: TrustedCall,
): readonly string[] {
  const bundlePem = Buffer.from(caBundle, 'base64').toString();
  if (certificate.kind === 'ca') {
    const trusted = splitBundle(bundlePem);
    return splitBundle(certificate.pem).every((pem) => trusted.includes(pem)) ? [] : [CA_MISSING];
  }
  const now = new Date(nowMs);
  const [leaf, ...intermediates] = readPemCertificates(certificate.pem).certificates;
  if (!leaf) return [];
  return [
    ...leafProblems(leaf, [dnsName], now).map((problem) => `the certificate of the webhook is not valid: ${problem}`),
    ...issuerProblems(leaf, intermediates, readPemCertificates(bundlePem), now).map(
      (problem) => `the caBundle is wrong: ${problem}`,
    ),
  ];
}

const CA_MISSING = 'the caBundle is wrong: it does not contain the CA that signs the certificates of the webhook';

/** The same in the words of an API server whose call failed (Go `crypto/x509`); `undefined` for another failure. */
export function certificateProblemIn(message: string): string | undefined {
  const [, words] = /\bx509: (.+?)[)"]*$/.exec(message) ?? [];
  if (words === undefined) return undefined;
  if (/expired or is not yet valid/.test(words)) return `the certificate of the webhook is not valid: ${words}`;
  if (/unknown authority|certificate is not trusted/.test(words)) return `the caBundle is wrong: ${words}`;
  return `the certificate of the webhook is not accepted: ${words}`;
}
