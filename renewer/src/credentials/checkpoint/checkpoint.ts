import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import { createObservable, type Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import {
  type CheckpointSecret,
  type CheckpointSecretOptions,
  createCheckpointSecret,
} from './checkpoint-secret.ts';
import type { RegistryTokens } from '../registry-token.ts';

/**
 * The tokens, kept in one Secret of the release namespace: a restart within half of their life asks AWS
 * for nothing, and in an outage of AWS a new leader still has what is alive.
 */
export interface Checkpoint {
  /**
   * The tokens of the last leader; none if there are none, none that can be read, those of another caller, or
   * one that AWS cannot have given. An API server that does not answer is asked again for half a minute.
   */
  load(): Promise<RegistryTokens>;
  /** From now on these tokens are the ones to keep. Having none is no news: an older one may be good. */
  save(tokens: RegistryTokens): void;
  /**
   * Writes what is to be saved, the latest only and again until it is written, until the signal aborts.
   * A leader that was frozen undoes nothing of the next one's. Without a checkpoint everything works but
   * the next start.
   */
  run(): Promise<void>;
}

const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

/** An API server that restarts is back by then; a Secret that it cannot decrypt never is. */
const LOAD_PATIENCE_MS = 30_000;

/** Only news wakes the writer; any long time is right. */
const LONGEST_SLEEP_MS = 3_600_000;

export interface CheckpointOptions extends CheckpointSecretOptions {
  /** Whose tokens they are; see `callerOf`. */
  readonly caller: string;
  readonly random: () => number;
}

export function createCheckpoint(options: CheckpointOptions): Checkpoint {
  const secret = createCheckpointSecret(options);
  const latest = createObservable<RegistryTokens | undefined>(undefined);
  return {
    load: () => loadTokens(options, secret),
    save: (tokens) => {
      if (tokens.size > 0) latest.set(tokens);
    },
    run: () => keepWritten(options, secret, latest),
  };
}

async function loadTokens(
  { caller, clock, random, logger, signal }: CheckpointOptions,
  secret: CheckpointSecret,
): Promise<RegistryTokens> {
  const giveUpAtMs = clock.now() + LOAD_PATIENCE_MS;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const content = await secret.read();
      if (content?.caller === caller) return content.tokens;
      if (content) logger.info('the checkpoint is of another AWS identity; starting anew');
      break;
    } catch (error) {
      if (signal.aborted) break;
      if (!isPassing(error) || clock.now() >= giveUpAtMs) {
        logger.warn({ err: error }, 'the checkpoint cannot be used; starting anew');
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
  { caller, clock, random, logger, signal }: CheckpointOptions,
  secret: CheckpointSecret,
  latest: Observable<RegistryTokens | undefined>,
): Promise<void> {
  const log = createThrottledLog(
    { clock, logger },
    'the checkpoint could not be written; will retry',
  );
  let failures = 0;
  while (!signal.aborted) {
    const tokens = latest.get();
    try {
      if (tokens) await secret.write({ caller, tokens });
      failures = 0;
      await latest.changedFrom(tokens, { clock, withinMs: LONGEST_SLEEP_MS, signal });
    } catch (error) {
      if (signal.aborted) return;
      if (isApiError(error, 409)) logger.debug('another wrote the checkpoint; looking again');
      else log.report(error);
      await clock.sleep(backOffMs(failures++, RETRY, random), signal);
    }
  }
}

/** Whether it is the API server that has trouble, not the Secret. */
function isPassing(error: unknown): boolean {
  if (isApiError(error)) return error.status >= 500 || error.status === 429;
  return (
    isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE') ||
    isCodedError(error, 'ECRPS_KUBERNETES_TIMEOUT')
  );
}
