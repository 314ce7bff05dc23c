import { mergeBundles, readBundle } from '@ecr-pull-secrets/certs-scripts/bundle.ts';
import { z } from 'zod';

/**
 * `additionalCaBundle` of `CONFIG_FILE`: PEM certificates that API servers are to trust besides what the
 * mode asks for. While `tls.mode` changes, replicas of both modes serve, and each leader publishes both.
 * Keys and other text are left out: everybody can read `caBundle`.
 */
export const additionalBundleSchema = z.string().transform((text, context) => {
  const { certificates, unreadable } = readBundle(text);
  if (unreadable > 0 || (certificates.length === 0 && text.trim() !== '')) {
    const message = 'must be certificates as PEM: -----BEGIN CERTIFICATE----- and so on';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  return mergeBundles(text, []);
});
