import {
  MANAGED_BY_LABEL,
  PRODUCT_NAME,
  REGISTRIES_ANNOTATION,
} from '@ecr-pull-secrets/shared/names.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { apply, CREATE_ONLY } from '@ecr-pull-secrets/kube/apply.ts';
import type { PartialObject } from '@ecr-pull-secrets/kube/objects.ts';
import {
  type CheckpointContent,
  formatCheckpoint,
  keepNewer,
  parseCheckpoint,
} from './checkpoint-content.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import { registryHostOf } from '../registries/registry-host.ts';
import type { RegistryTokens } from '../registry-token.ts';

/** The Secret that a leader keeps its checkpoint in. */
export interface CheckpointSecret {
  /**
   * What it says; `undefined` where there is none.
   *
   * @throws an ApiError, or an error that quotes no credential if its content is no checkpoint of ours
   */
  read(): Promise<CheckpointContent | undefined>;
  /**
   * Writes the content unless it is there already. It is bound to the version that was read or written
   * last; what another leader wrote since is kept where it is newer.
   *
   * @throws an ApiError: 409 where another wrote, which the next write takes into account
   */
  write(content: CheckpointContent): Promise<void>;
}

/** The Secret as last seen. */
interface Seen {
  readonly resourceVersion: string;
  /** `undefined` where there is none. */
  readonly text: string | undefined;
}

const DATA_KEY = 'tokens.json';

/** The API server refuses Secrets over 1 MiB; base64 makes three bytes four. */
const SIZE_LIMIT_BYTES = 900 * 1024 * 0.75;

export function createCheckpointSecret(
  { client, clock, logger }: Pick<RenewerDependencies, 'client' | 'clock' | 'logger'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): CheckpointSecret {
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
  let seen: Seen | undefined;
  /** What another leader wrote since we lead; it may know more than we do. */
  let foreign: CheckpointContent | undefined;

  async function look(): Promise<Seen> {
    try {
      const { metadata, data } = await client.request<
        PartialObject & { readonly data?: Readonly<Record<string, string>> }
      >({ method: 'GET', path, signal });
      const text = Buffer.from(data?.[DATA_KEY] ?? '', 'base64').toString();
      return { resourceVersion: metadata.resourceVersion ?? CREATE_ONLY, text };
    } catch (error) {
      if (isApiError(error, 404)) return { resourceVersion: CREATE_ONLY, text: undefined };
      throw error;
    }
  }

  async function lookAgain(): Promise<Seen> {
    const found = await look();
    foreign = readable(found.text, clock.now());
    return found;
  }

  async function put(tokens: RegistryTokens, text: string, resourceVersion: string): Promise<void> {
    const metadata = {
      name,
      namespace,
      resourceVersion,
      labels: { [MANAGED_BY_LABEL]: PRODUCT_NAME },
      annotations: { [REGISTRIES_ANNOTATION]: hostsOf(tokens).join(',') },
    };
    const data = { [DATA_KEY]: Buffer.from(text).toString('base64') };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, data };
    const written = await apply({ client, path, body, signal });
    seen = { resourceVersion: written.metadata.resourceVersion ?? CREATE_ONLY, text };
    foreign = undefined;
  }

  return {
    read: async () => {
      seen = await look();
      return seen.text === undefined ? undefined : parseCheckpoint(seen.text, clock.now());
    },
    write: async (ours) => {
      seen ??= await lookAgain();
      const content = foreign ? keepNewer(ours, foreign) : ours;
      const text = formatCheckpoint(content);
      if (text === seen.text) return;
      if (text.length > SIZE_LIMIT_BYTES) {
        const message = 'too many tokens for a checkpoint; a restart asks anew';
        return logger.warn({ tokens: content.tokens.size }, message);
      }
      try {
        await put(content.tokens, text, seen.resourceVersion);
      } catch (error) {
        if (isApiError(error, 409)) seen = undefined;
        throw error;
      }
    },
  };
}

/** What cannot be read is nothing that could be kept. */
function readable(text: string | undefined, nowMs: number): CheckpointContent | undefined {
  try {
    return text === undefined ? undefined : parseCheckpoint(text, nowMs);
  } catch {
    return undefined;
  }
}

/** For the replicas that do not lead: a webhook warns of images that no token is for. */
function hostsOf(tokens: RegistryTokens): readonly string[] {
  const hosts = [...tokens.values()].map(({ registry }) => registryHostOf(registry));
  return [...new Set(hosts)].toSorted();
}
