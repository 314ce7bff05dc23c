import { mergeBundles } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { readPemCertificates } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { z } from 'zod';

/**
 * `additionalCaBundle` of `CONFIG_FILE`: PEM certificates that API servers are to trust besides what the
 * mode needs. While `tls.mode` changes, replicas of both modes serve, and each leader publishes both.
 * A key in it is refused: it would lie in a ConfigMap.
 */
export const additionalBundleSchema = z.string().transform((text, context) => {
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (text.includes('PRIVATE KEY'))
    return refuse('holds a private key: certificates alone belong here');
  if (text.trim() === '') return '';
  const [problem] = readPemCertificates(text).problems;
  if (problem !== undefined) {
    return refuse(
      `must be certificates as PEM, -----BEGIN CERTIFICATE----- and so on: it ${problem}`,
    );
  }
  return mergeBundles(text, []);
});
