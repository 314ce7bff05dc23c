import * as z from 'zod';

/**
 * The most keys in the file: twice what the renewer allows (`registry-rule.ts`). With
 * 1,100 characters each, twice the longest key, the file has less than 450 KB.
 */
export const MAXIMUM_FACTS_REGISTRIES = 400;

/**
 * `facts.json`, which the renewer writes beside the certificate and from which the webhook makes its warnings.
 * The webhook works without it.
 */
export const renewerFactsSchema = z.object({
  /** Increased when a field changes its meaning; a reader ignores a file of another version. */
  version: z.literal(2),
  /** Keys of `auths` for which there are tokens, as `createKeyring` reads them; empty until they are known. */
  registries: z.array(z.string().max(1_100)).max(MAXIMUM_FACTS_REGISTRIES),
  /** Entries of `EXCLUDE_NAMESPACE`. */
  excludedNamespaces: z.array(z.string()),
});

export type RenewerFacts = z.infer<typeof renewerFactsSchema>;
