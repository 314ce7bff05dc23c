import { type Clock, systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { type Environment, readVariables } from '@ecr-pull-secrets/shared/configuration.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { startOpsServer } from '@ecr-pull-secrets/shared/http/ops-server.ts';
import { z } from 'zod';
import { renewerVariables } from './renewer-variables.ts';

/** Any span will do: the wait only keeps the process alive. */
const WAIT_MS = 60_000;

/** Why a pod is not ready: a rollout must not go on to where nobody renews. */
const UNCONFIGURED = Object.freeze({
  ok: false,
  reason: 'the configuration is wrong: the log names the setting',
});

/**
 * What the renewer does with a wrong configuration: says it loudly, answers its probes, and does nothing
 * else until it is told to stop. It lives, because a restart would change nothing; it is not ready, so that
 * a rollout stops at the first such pod, and the old ones go on.
 */
export async function waitUnconfigured(
  environment: Environment,
  error: unknown,
  stop: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  const logger = createLogger({ level: 'info', format: 'json', name: 'renewer' });
  logger.fatal({ err: error }, 'the configuration is wrong; doing nothing until it is replaced');
  const { HOST: host, OPS_PORT: port } = readAddress(environment);
  const ops = await startOpsServer(
    { metrics: createMetricsRegistry(), ready: () => UNCONFIGURED },
    { host, port },
  );
  while (!stop.aborted) await clock.sleep(WAIT_MS, stop);
  await ops.close();
}

/** Where the probe asks, if that much is right; else where it asks by default. */
function readAddress(environment: Environment): { HOST: string; OPS_PORT: number } {
  const { HOST, OPS_PORT } = renewerVariables.shape;
  const address = z.object({ HOST, OPS_PORT });
  try {
    return readVariables(address, environment);
  } catch {
    return readVariables(address, {});
  }
}
