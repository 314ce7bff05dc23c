import * as z from 'zod';
import { parsedBy } from '@ecr-pull-secrets/shared/configuration.ts';
import { hostPortOf } from '../registries/registry-key.ts';
import type { RegistryTokens } from '../registry-token.ts';

/**
 * 300 tokens, which is as many as fit into the checkpoint, have 60 KiB. All annotations of an object together have at
 * most 256 KiB, of which the fence leaves 128 KiB to others.
 */
const LONGEST_TEXT = 64 * 1024;

const instant = z.iso.datetime();

/** What a person may see of a token. Anyone who may read the metadata of the checkpoint sees it without the token. */
const summarySchema = z.object({
  registry: z.string(),
  /** The role that requested it; absent if it was the identity of the renewer. */
  role: z.string().optional(),
  obtainedAt: instant,
  expiresAt: instant,
});

export type TokenSummary = Readonly<z.infer<typeof summarySchema>>;

/** For an annotation; empty if it would be too long. */
export function formatTokenSummaries(tokens: RegistryTokens): string {
  const summaries = [...tokens].map(
    ([id, { registry, obtainedAtMs, expiresAtMs }]): TokenSummary => ({
      registry: hostPortOf(registry),
      role: roleIn(id),
      obtainedAt: new Date(obtainedAtMs).toISOString(),
      expiresAt: new Date(expiresAtMs).toISOString(),
    }),
  );
  const text = JSON.stringify(summaries.toSorted((one, other) => (one.registry < other.registry ? -1 : 1)));
  return text.length > LONGEST_TEXT ? '' : text;
}

/** The summaries in an annotation; `undefined` if there are none that can be read. */
export function parseTokenSummaries(text: string | undefined): readonly TokenSummary[] | undefined {
  if (!text || text.length > LONGEST_TEXT) return undefined;
  const json = parsedBy((content): unknown => JSON.parse(content));
  return json.pipe(z.array(summarySchema)).safeParse(text).data;
}

/** The id of a token has the role behind the service and the region; see `planTokens`. */
function roleIn(id: string): string | undefined {
  return id.split(' ').find((part) => part.startsWith('arn:'));
}
