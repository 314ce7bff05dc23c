import { type Clock, systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { type Environment, readVariables } from '@ecr-pull-secrets/shared/configuration.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { startOpsServer } from '@ecr-pull-secrets/shared/http/ops-server.ts';
import * as z from 'zod';
import { renewerVariables } from './renewer-variables.ts';

/** Any time is right: the wait only prevents that the process ends. */
const WAIT_MS = 60_000;

/** Why the pod is not ready: a rollout must stop before no renewer is left that works. */
const UNCONFIGURED = Object.freeze({
  ok: false,
  reason: 'the configuration is wrong: the log names the setting',
});

/**
 * What the renewer does with a wrong configuration: it logs the error, serves its probes, and does nothing else until
 * the signal aborts. It does not exit, because a restart would change nothing. It is not ready, so that a rollout stops
 * at the first such pod, and the old pods continue.
 */
export async function serveInvalidConfiguration(
  environment: Environment,
  error: unknown,
  stop: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  const logger = createLogger({ level: 'info', format: 'json', name: 'renewer' });
  logger.fatal({ err: error }, 'the configuration is wrong; doing nothing until it is replaced');
  const { HOST: host, OPS_PORT: port } = readAddress(environment);
  const ops = await startOpsServer({ metrics: createMetricsRegistry(), ready: () => UNCONFIGURED }, { host, port });
  while (!stop.aborted) await clock.sleep(WAIT_MS, stop);
  await ops.close();
}

/** The address of the probe, if those two variables are right; else the default address. */
function readAddress(environment: Environment): { HOST: string; OPS_PORT: number } {
  const { HOST, OPS_PORT } = renewerVariables.shape;
  const address = z.object({ HOST, OPS_PORT });
  try {
    return readVariables(address, environment);
  } catch {
    return readVariables(address, {});
  }
}
