import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Hook } from '../api/objects.ts';
import type { ContainerProcess } from './container-process.ts';

export interface StopOptions {
  readonly clock: Clock;
  readonly preStop: Hook | undefined;
  readonly graceSeconds: number;
  /** Aborts when nothing is waited for any more. */
  readonly closing: AbortSignal;
}

/** However short the grace period, a process gets this long after SIGTERM (`minimumGracePeriodInSeconds`). */
const MINIMUM_GRACE_SECONDS = 2;

/**
 * Stops a process as kubelet does: the preStop hook within the grace period, SIGTERM to the main
 * process, SIGKILL to all of its group when the rest of the grace period is over.
 * Source: `killContainer` of kubelet.
 */
export async function stopProcess(
  process: ContainerProcess,
  { clock, preStop, graceSeconds, closing }: StopOptions,
): Promise<void> {
  const hookSeconds = Math.min(preStop?.sleep?.seconds ?? 0, graceSeconds);
  if (hookSeconds > 0) await clock.sleep(hookSeconds * 1000, closing);
  process.signal('SIGTERM');
  const restSeconds = Math.max(graceSeconds - hookSeconds, MINIMUM_GRACE_SECONDS);
  const gone = new AbortController();
  void process.ended.then(() => gone.abort());
  await clock.sleep(restSeconds * 1000, AbortSignal.any([gone.signal, closing]));
  process.kill();
  await process.ended;
}
