import { mergeBundles, readBundle } from '@ecr-pull-secrets/certs-scripts/bundle.ts';
import { z } from 'zod';

/**
 * `additionalCaBundle` of `CONFIG_FILE`: PEM certificates that API servers are to trust besides what the
 * mode asks for. While `tls.mode` changes, replicas of both modes serve, and each leader publishes both.
 * A key in it is refused: it would lie in a ConfigMap.
 */
export const additionalBundleSchema = z.string().transform((text, context) => {
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (text.includes('PRIVATE KEY'))
    return refuse('holds a private key: certificates alone belong here');
  const { certificates, unreadable } = readBundle(text);
  if (unreadable > 0 || (certificates.length === 0 && text.trim() !== '')) {
    return refuse('must be certificates as PEM: -----BEGIN CERTIFICATE----- and so on');
  }
  return mergeBundles(text, []);
});
