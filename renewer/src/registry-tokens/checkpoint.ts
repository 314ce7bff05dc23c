import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import {
  MANAGED_BY_LABEL,
  PRODUCT_NAME,
  REGISTRIES_ANNOTATION,
} from '@ecr-pull-secrets/shared/names.ts';
import { z } from 'zod';
import { isApiError } from '../kube/api-error.ts';
import { apply } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import { createTroubleLog } from '../kube/trouble-log.ts';
import { createObserved, type Observed } from '../observed.ts';
import { registryHostOf } from './registry-host.ts';
import { type RegistryTokens, registryTokenSchema } from './registry-token.ts';

/**
 * The tokens, kept in one Secret of the release namespace: a restart within half of their life asks AWS
 * for nothing, and in an outage of AWS a new leader still has what is alive.
 */
export interface Checkpoint {
  /**
   * The tokens of the last leader; none where there are none, or none that can be read. An API server
   * that does not answer is asked again for half a minute.
   */
  load(): Promise<RegistryTokens>;
  /** From now on these tokens are the ones to keep. */
  save(tokens: RegistryTokens): void;
  /**
   * Writes what is to be saved, the latest only and again until it is written, until the signal aborts.
   * Without a checkpoint everything works but the next start.
   */
  run(): Promise<void>;
}

/** `version` is raised when a field changes its meaning; a reader ignores one that it does not know. */
const checkpointSchema = z.object({
  version: z.literal(1),
  tokens: z.record(z.string(), registryTokenSchema),
});

const DATA_KEY = 'tokens.json';

/** The API server refuses Secrets over 1 MiB; base64 makes three bytes four. */
const SIZE_LIMIT_BYTES = 900 * 1024 * 0.75;

const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

/** An API server that restarts is back by then; a Secret that it cannot decrypt never is. */
const LOAD_PATIENCE_MS = 30_000;

/** Only news wakes the writer; any long time is right. */
const LONGEST_SLEEP_MS = 3_600_000;

export interface CheckpointOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The Secret's name. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export function createCheckpoint(options: CheckpointOptions): Checkpoint {
  const latest = createObserved<RegistryTokens | undefined>(undefined);
  return {
    load: () => loadTokens(options),
    save: (tokens) => latest.set(tokens),
    run: () => keepWritten(options, latest),
  };
}

async function loadTokens(options: CheckpointOptions): Promise<RegistryTokens> {
  const { clock, random, logger, signal } = options;
  const giveUpAtMs = clock.now() + LOAD_PATIENCE_MS;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await readTokens(options);
    } catch (error) {
      if (isApiError(error, 404) || signal.aborted) break;
      if (!isPassing(error) || clock.now() >= giveUpAtMs) {
        logger.warn({ err: error }, 'the checkpoint cannot be read; starting anew');
        break;
      }
      logger.debug({ err: error }, 'the checkpoint cannot be read yet; will retry');
      await clock.sleep(backOffMs(failures, RETRY, random), signal);
    }
  }
  return new Map();
}

/** Writes one at a time, so that an older one never comes last. */
async function keepWritten(
  options: CheckpointOptions,
  latest: Observed<RegistryTokens | undefined>,
): Promise<void> {
  const { clock, random, logger, signal } = options;
  const log = createTroubleLog(
    { clock, logger },
    'the checkpoint could not be written; will retry',
  );
  let written: RegistryTokens | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const tokens = latest.get();
    try {
      if (tokens && tokens !== written) await writeTokens(options, tokens);
      written = tokens;
      failures = 0;
      await latest.changedFrom(tokens, { clock, withinMs: LONGEST_SLEEP_MS, signal });
    } catch (error) {
      if (signal.aborted) return;
      log.report(error);
      await clock.sleep(backOffMs(failures++, RETRY, random), signal);
    }
  }
}

async function readTokens(options: CheckpointOptions): Promise<RegistryTokens> {
  const { client, signal } = options;
  const { data } = await client.request<{ data?: Record<string, string> }>({
    method: 'GET',
    path: pathOf(options),
    signal,
  });
  return parseTokens(Buffer.from(data?.[DATA_KEY] ?? '', 'base64').toString());
}

async function writeTokens(options: CheckpointOptions, tokens: RegistryTokens): Promise<void> {
  const { client, namespace, name, logger, signal } = options;
  const text = JSON.stringify({ version: 1, tokens: Object.fromEntries(tokens) });
  if (text.length > SIZE_LIMIT_BYTES) {
    const message = 'too many tokens for a checkpoint; a restart asks anew';
    return logger.warn({ tokens: tokens.size }, message);
  }
  await apply({
    client,
    path: pathOf(options),
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        namespace,
        labels: { [MANAGED_BY_LABEL]: PRODUCT_NAME },
        annotations: { [REGISTRIES_ANNOTATION]: hostsOf(tokens).join(',') },
      },
      data: { [DATA_KEY]: Buffer.from(text).toString('base64') },
    },
    signal,
  });
}

/** For the replicas that do not lead: a webhook warns of images that no token is for. */
function hostsOf(tokens: RegistryTokens): readonly string[] {
  const hosts = [...tokens.values()].map(({ registry }) => registryHostOf(registry));
  return [...new Set(hosts)].toSorted();
}

function pathOf({ namespace, name }: CheckpointOptions): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`;
}

/** Whether it is the API server that has trouble, not the Secret. */
function isPassing(error: unknown): boolean {
  if (isApiError(error)) return error.status >= 500 || error.status === 429;
  return isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE');
}

/** @throws without quoting the text where it is no checkpoint */
function parseTokens(text: string): RegistryTokens {
  const result = z
    .string()
    .transform((json, context) => {
      try {
        return JSON.parse(json);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(checkpointSchema)
    .safeParse(text);
  if (!result.success) throw new Error('its content is not a checkpoint of a version known here');
  return new Map(Object.entries(result.data.tokens));
}
