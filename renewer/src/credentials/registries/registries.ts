import { parsedBy } from '@ecr-pull-secrets/shared/configuration.ts';
import * as z from 'zod';
import { type Identity, roleArn, sessionSchemas } from '../identity.ts';
import { isEcrKey, problemOf, quoteKey } from './registry-key.ts';
import { REGISTRY_RULE } from './registry-rule.ts';

/** A registry for which credentials are written. */
export interface Registry extends Identity {
  /** The key of `auths`, as configured: a host, with or without scheme and slashes. */
  readonly host: string;
  /** For a host that is no ECR name (a proxy, a CNAME): the ECR host whose token it takes. */
  readonly tokenOf?: string | undefined;
}

const ECR_EXAMPLE = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** A key that the rule allows, without blanks around it. */
const registryKey = parsedBy((text) => {
  const key = text.trim();
  const problem = problemOf(key);
  if (problem !== undefined) throw new Error(`${quoteKey(key)} ${problem}`);
  return key;
});

/** A registry in `CONFIG_FILE`: its host, or its host and how to get its token. */
const registrySchema = z.preprocess(
  (entry) => (typeof entry === 'string' ? { host: entry } : entry),
  z
    .strictObject({
      host: registryKey,
      roleArn: roleArn.optional(),
      ...sessionSchemas,
      // It is not written as a key, so capitals do not matter.
      tokenOf: z
        .string()
        .toLowerCase()
        .pipe(registryKey)
        .refine((key) => isEcrKey(key) && !key.includes('*'), {
          message: `is not the host of an ECR registry; for example ${ECR_EXAMPLE}`,
        })
        .optional(),
    })
    .superRefine(({ host, tokenOf }, context) => {
      if (isEcrKey(host) === (tokenOf === undefined)) return;
      const message = tokenOf
        ? 'is not for this entry: the host is an ECR registry, which takes its own token'
        : `is missing: ${quoteKey(host)} is no host of ECR, so say whose token it gets; for example ${ECR_EXAMPLE}`;
      context.addIssue({ code: 'custom', path: ['tokenOf'], message });
    }),
);

/** The registries in `CONFIG_FILE`. */
export const registriesSchema = z.array(registrySchema).max(REGISTRY_RULE.maximumEntries);
