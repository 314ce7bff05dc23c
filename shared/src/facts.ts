import { z } from 'zod';

/**
 * What the renewer knows and the webhook may tell a user: `facts.json` beside the certificate.
 * The webhook works without it.
 */
export const factsSchema = z.object({
  /** Raised when a field changes its meaning; a reader ignores a version that it does not know. */
  version: z.literal(1),
  /** Registry hosts that the tokens cover; empty where that is not known. */
  registries: z.array(z.string()),
  /** Entries of `EXCLUDE_NAMESPACE`. */
  excludedNamespaces: z.array(z.string()),
});

export type Facts = z.infer<typeof factsSchema>;
