import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import type { RegistryTokens } from '../registry-token.ts';
import type { TokenRenewer } from '../token-renewer.ts';
import { type CheckpointSecret, createCheckpointSecret } from './checkpoint-secret.ts';

const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

/** An API server that restarts is back by then; a Secret that it cannot decrypt never is. */
const LOAD_TIMEOUT_MS = 30_000;

/** Only new tokens change anything; any long time is right. */
const RESYNC_MS = 3_600_000;

type Dependencies = Pick<RenewerDependencies, 'client' | 'clock' | 'random' | 'logger'>;

/**
 * The tokens, stored in one Secret of the release namespace: a restart before their renewal does not call AWS, and in
 * an outage of AWS a new leader still has the tokens that are valid.
 *
 * @param settings - the Secret, and whose tokens they are; see `identityFingerprint`
 */
export function createCheckpoint(
  dependencies: Dependencies,
  settings: { readonly namespace: string; readonly name: string; readonly caller: string },
  signal: AbortSignal,
) {
  const { caller } = settings;
  const secret = createCheckpointSecret(dependencies, settings, signal);
  return {
    /**
     * The tokens of the last leader; none if there are none, none that can be read, those of another caller, or
     * one that AWS cannot have given. An API server that does not answer is tried again for half a minute.
     */
    load: () => loadTokens(secret, dependencies, caller, signal),
    /**
     * Writes the tokens whenever they change, the latest only and again until they are written, until the signal aborts.
     * If there are none, nothing is written: those of an earlier leader may be good. A leader that was frozen undoes
     * nothing of the next one's. Without a checkpoint everything works but the next start.
     */
    run: (tokens: TokenRenewer['tokens']) =>
      runReconcileLoop(
        dependencies,
        {
          name: 'checkpoint',
          inputs: [tokens],
          resyncMs: RESYNC_MS,
          retry: RETRY,
          // Another leader wrote: the next attempt reads that first.
          isExpected: (error) => isApiError(error, 409),
          reconcile: async () => {
            const current = tokens.get();
            if (current.size > 0) await secret.write({ caller, tokens: current });
          },
        },
        signal,
      ),
  };
}

async function loadTokens(
  secret: CheckpointSecret,
  { clock, random, logger }: Dependencies,
  caller: string,
  signal: AbortSignal,
): Promise<RegistryTokens> {
  const giveUpAtMs = clock.now() + LOAD_TIMEOUT_MS;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const content = await secret.read();
      if (content?.caller === caller) return content.tokens;
      if (content) logger.info('checkpoint is of another AWS identity; all tokens are requested again');
      break;
    } catch (error) {
      if (signal.aborted) break;
      if (!isTransient(error) || clock.now() >= giveUpAtMs) {
        logger.warn({ err: error }, 'checkpoint is not usable; all tokens are requested again');
        break;
      }
      logger.debug({ err: error }, 'reading the checkpoint failed; will retry');
      await clock.sleep(backOffMs(failures, RETRY, random), signal);
    }
  }
  return new Map();
}

/** Whether the API server is the cause, not the Secret. */
function isTransient(error: unknown): boolean {
  if (isApiError(error)) return error.status >= 500 || error.status === 429;
  return isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE') || isCodedError(error, 'ECRPS_KUBERNETES_TIMEOUT');
}
