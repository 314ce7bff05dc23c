import { REGISTRIES_ANNOTATION, TOKENS_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { ifFound, isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { CREATE_ONLY } from '@ecr-pull-secrets/kube/apply.ts';
import { secretPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { applySecret } from '@ecr-pull-secrets/kube/secrets.ts';
import { type CheckpointContent, formatCheckpoint, mergeNewer, parseCheckpoint } from './checkpoint-content.ts';
import { formatTokenSummaries } from './token-summary.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import { hostPortOf } from '../registries/registry-key.ts';
import type { RegistryTokens } from '../registry-token.ts';

interface StoredSecret extends PartialObjectMetadata {
  readonly data?: Readonly<Record<string, string>>;
}

/** The Secret as it was observed last. */
interface Observed {
  readonly resourceVersion: string;
  /** `undefined` if there is none. */
  readonly text: string | undefined;
  /** What another leader wrote since this one leads; it may have newer tokens. */
  readonly theirs?: CheckpointContent | undefined;
}

const DATA_KEY = 'tokens.json';

/** The API server refuses Secrets over 1 MiB; base64 makes three bytes four. */
const SIZE_LIMIT_BYTES = 900 * 1024 * 0.75;

/** The Secret in which a leader stores its checkpoint. */
export type CheckpointSecret = ReturnType<typeof createCheckpointSecret>;

export function createCheckpointSecret(
  { client, clock, logger }: Pick<RenewerDependencies, 'client' | 'clock' | 'logger'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
) {
  const path = secretPath(namespace, name);
  let observed: Observed | undefined;

  async function get(): Promise<Observed> {
    const secret = await ifFound(client.request<StoredSecret>({ method: 'GET', path, signal }));
    if (!secret) return { resourceVersion: CREATE_ONLY, text: undefined };
    const text = Buffer.from(secret.data?.[DATA_KEY] ?? '', 'base64').toString();
    return { resourceVersion: secret.metadata.resourceVersion ?? CREATE_ONLY, text };
  }

  async function put(tokens: RegistryTokens, text: string, resourceVersion: string): Promise<void> {
    const annotations = {
      [REGISTRIES_ANNOTATION]: hostsOf(tokens).join(','),
      [TOKENS_ANNOTATION]: formatTokenSummaries(tokens),
    };
    const content = { resourceVersion, annotations, data: { [DATA_KEY]: text } };
    const written = await applySecret({ client, namespace, name, signal }, content);
    observed = { resourceVersion: written.resourceVersion ?? CREATE_ONLY, text };
  }

  return {
    /**
     * Its content; `undefined` if there is none.
     *
     * @throws an ApiError, or an error that quotes no credential if its content is no checkpoint of ours
     */
    async read(): Promise<CheckpointContent | undefined> {
      observed = await get();
      return observed.text === undefined ? undefined : parseCheckpoint(observed.text, clock.now());
    },
    /**
     * Writes the content unless it is there already. The write is bound to the version that was read or written
     * last. If another leader wrote since, the newer of each token stays.
     *
     * @throws an ApiError: 409 if another leader wrote, which the next write takes into account
     */
    async write(ours: CheckpointContent): Promise<void> {
      if (!observed) {
        const current = await get();
        observed = { ...current, theirs: parseIfReadable(current.text, clock.now()) };
      }
      const { resourceVersion, theirs } = observed;
      const content = theirs ? mergeNewer(ours, theirs) : ours;
      const text = formatCheckpoint(content);
      if (text === observed.text) return;
      if (text.length > SIZE_LIMIT_BYTES) {
        const message = 'too many tokens for a checkpoint; a restart requests all again';
        return logger.warn({ tokens: content.tokens.size }, message);
      }
      try {
        await put(content.tokens, text, resourceVersion);
      } catch (error) {
        if (isApiError(error, 409)) observed = undefined;
        throw error;
      }
    },
  };
}

/** Of a content that cannot be read nothing stays. */
function parseIfReadable(text: string | undefined, nowMs: number): CheckpointContent | undefined {
  try {
    return text === undefined ? undefined : parseCheckpoint(text, nowMs);
  } catch {
    return undefined;
  }
}

/** The registries of the tokens: the webhooks of all replicas warn about images whose registry no token covers. */
export function hostsOf(tokens: RegistryTokens): readonly string[] {
  const hosts = [...tokens.values()].map(({ registry }) => hostPortOf(registry));
  return [...new Set(hosts)].toSorted();
}
