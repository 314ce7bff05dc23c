import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { podsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { obstacleOf, type StartedPod, stateOf } from './obstacle.ts';
import { DEADLINE_SECONDS, TEST_CONTAINER } from './test-pod.ts';

/** What came of a pod. */
export type PodRun = (
  | { readonly kind: 'ended'; readonly log: string; readonly exitCode: number; readonly node: string }
  | { readonly kind: 'failed'; readonly reason: string }
) & {
  /** Why the pod could not be deleted. */
  readonly leftBehind?: string;
};

export interface PodRunDependencies {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

const INTERVAL_MS = 300;

/** Ten images with reasons have 10 KiB. */
const MOST_LOG_BYTES = 256 * 1024;

/** As long as the pod, and some time to be scheduled and to report. */
const WAIT_MS = (DEADLINE_SECONDS + 30) * 1000;

/**
 * Creates a pod, waits until it ends, reads its log, and deletes it, also if `stop` aborts.
 *
 * @param pod - with a name of its own
 */
export async function runPod(
  { client, clock, stop }: PodRunDependencies,
  namespace: string,
  pod: { readonly metadata: { readonly name: string } },
): Promise<PodRun> {
  const path = `${podsPath(namespace)}/${pod.metadata.name}`;
  try {
    // Not aborted: a request that is cut off may have created the pod, and what exists must be deleted.
    await client.request({ method: 'POST', path: podsPath(namespace), body: pod });
  } catch (error) {
    const reason = `the namespace does not accept the test pod: ${describeError(error)}`;
    // An API server may have created the pod before it responds that the time was up (504).
    const isRefused = isApiError(error) && error.status < 500;
    return { kind: 'failed', reason, ...(isRefused ? {} : await remove(client, path)) };
  }
  const run = await untilEnded({ client, clock, stop }, path).catch(
    (error: unknown): PodRun => ({ kind: 'failed', reason: describeError(error) }),
  );
  return { ...run, ...(await remove(client, path)) };
}

async function untilEnded({ client, clock, stop }: PodRunDependencies, path: string): Promise<PodRun> {
  const startMs = clock.now();
  while (!stop.aborted) {
    const started = await client.request<StartedPod>({ method: 'GET', path });
    const exitCode = stateOf(started)?.terminated?.exitCode;
    if (exitCode !== undefined) {
      const log = await client.request<string>({
        method: 'GET',
        path: `${path}/log`,
        query: { container: TEST_CONTAINER },
        accept: '*/*',
        maxBytes: MOST_LOG_BYTES,
        parse: String,
      });
      return { kind: 'ended', log, exitCode, node: started.spec.nodeName ?? '' };
    }
    const waitedMs = clock.now() - startMs;
    const obstacle = obstacleOf(started, waitedMs);
    if (obstacle !== undefined) return { kind: 'failed', reason: obstacle };
    if (waitedMs >= WAIT_MS) return { kind: 'failed', reason: `the test pod did not end within ${WAIT_MS / 1000} s` };
    await clock.sleep(INTERVAL_MS, stop);
  }
  return { kind: 'failed', reason: 'interrupted' };
}

async function remove(client: KubeClient, path: string): Promise<Pick<PodRun, 'leftBehind'>> {
  try {
    await client.request({ method: 'DELETE', path });
    return {};
  } catch (error) {
    return isApiError(error, 404) ? {} : { leftBehind: describeError(error) };
  }
}
