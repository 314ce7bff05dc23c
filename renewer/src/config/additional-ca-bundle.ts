import { mergeBundles } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { readPemCertificates } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { parsedBy } from '@ecr-pull-secrets/shared/configuration.ts';

/**
 * `additionalCaBundle` of `CONFIG_FILE`: PEM certificates that API servers are to trust besides what the
 * mode needs. While `tls.mode` changes, replicas of both modes serve, and each leader publishes both.
 * A key in it is refused: it would lie in a ConfigMap.
 */
export const additionalBundleSchema = parsedBy((text) => {
  if (text.includes('PRIVATE KEY'))
    throw new Error('holds a private key: certificates alone belong here');
  if (text.trim() === '') return '';
  const [problem] = readPemCertificates(text).problems;
  if (problem !== undefined) {
    throw new Error(
      `must be certificates as PEM, -----BEGIN CERTIFICATE----- and so on: it ${problem}`,
    );
  }
  return mergeBundles(text, []);
});
