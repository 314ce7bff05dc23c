import { parsedBy } from '@ecr-pull-secrets/shared/configuration.ts';
import * as z from 'zod';
import { problemOfStored } from './stored-token.ts';
import { type RegistryTokens, registryTokenSchema } from '../registry-token.ts';

/** The content of a checkpoint. */
export interface CheckpointContent {
  /** Whose tokens they are; see `identityFingerprint`. */
  readonly caller: string;
  readonly tokens: RegistryTokens;
}

/** `version` is raised when a field changes its meaning; a reader ignores other versions than its own. */
const checkpointSchema = z.object({
  version: z.literal(1),
  caller: z.string().default(''),
  tokens: z.record(z.string(), registryTokenSchema),
});

/** The same text for the same content. */
export function formatCheckpoint({ caller, tokens }: CheckpointContent): string {
  const sorted = [...tokens].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify({ version: 1, caller, tokens: Object.fromEntries(sorted) });
}

/**
 * Parses a checkpoint, all of it or nothing: anyone who planted one token may have planted the others.
 *
 * @throws without quoting a credential if it is no checkpoint, or holds a token that AWS cannot have given
 */
export function parseCheckpoint(text: string, nowMs: number): CheckpointContent {
  const json = parsedBy((content): unknown => JSON.parse(content));
  const result = json.pipe(checkpointSchema).safeParse(text);
  if (!result.success) throw new Error('its content is not a checkpoint of a version known here');
  const { caller, tokens } = result.data;
  for (const [id, token] of Object.entries(tokens)) {
    const problem = problemOfStored(token, nowMs);
    if (problem) throw new Error(`its token ${JSON.stringify(id.slice(0, 300))} ${problem}`);
  }
  return { caller, tokens: new Map(Object.entries(tokens)) };
}

/**
 * Merges our content with that of another leader: of each token the newer one; if the identities differ, the content
 * of the one that got a token last.
 */
export function mergeNewer(ours: CheckpointContent, theirs: CheckpointContent): CheckpointContent {
  if (ours.caller !== theirs.caller) return newestMs(theirs) > newestMs(ours) ? theirs : ours;
  const tokens = new Map(ours.tokens);
  for (const [id, token] of theirs.tokens) {
    const own = tokens.get(id);
    if (!own || own.obtainedAtMs < token.obtainedAtMs) tokens.set(id, token);
  }
  return { caller: ours.caller, tokens };
}

function newestMs({ tokens }: CheckpointContent): number {
  return Math.max(...[...tokens.values()].map(({ obtainedAtMs }) => obtainedAtMs));
}
