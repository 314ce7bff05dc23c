import { z } from 'zod';

/**
 * As many keys as the file has at most: twice what the renewer's rule allows (`registry-rule.ts`). With
 * 1,100 characters each, twice the longest key, it is below 450 KB.
 */
export const MAXIMUM_FACTS_REGISTRIES = 400;

/**
 * What the renewer knows and the webhook may tell a user: `facts.json` beside the certificate.
 * The webhook works without it.
 */
export const renewerFactsSchema = z.object({
  /** Raised when a field changes its meaning; a reader ignores a version that it does not know. */
  version: z.literal(2),
  /** Keys of `auths` for which there are tokens, as `createKeyring` reads them; empty if not known. */
  registries: z.array(z.string().max(1_100)).max(MAXIMUM_FACTS_REGISTRIES),
  /** Entries of `EXCLUDE_NAMESPACE`. */
  excludedNamespaces: z.array(z.string()),
});

export type RenewerFacts = z.infer<typeof renewerFactsSchema>;
