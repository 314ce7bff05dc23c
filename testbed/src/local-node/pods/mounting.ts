import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import type { EventRecorder } from '../api/events.ts';
import type { Pulse } from '../pulse.ts';
import type { Volumes } from '../volumes/volumes.ts';

export interface MountingOptions {
  readonly volumes: Volumes;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** Rings when a ConfigMap, a Secret or the pod's own metadata may have changed. */
  readonly changes: Pulse;
  /** Called once, when every volume is there. */
  readonly onMounted: () => void;
  /** Aborts when the volumes are no longer needed. */
  readonly gone: AbortSignal;
}

/** How often the age of tokens is looked at. */
const CHECK_MS = 1_000;
/** How soon what is missing at first is looked for again; the ring of its coming is usually earlier. */
const RETRY_MS = 250;

/**
 * Writes a pod's volumes and keeps them as the API server has them, until they are no longer needed.
 * What is missing is an Event and waited for; what goes missing later leaves the volume as it was.
 * kubelet takes up to a minute or two to notice a change, this no time.
 */
export async function keepMounted(options: MountingOptions): Promise<void> {
  const { volumes, events, clock, changes, onMounted, gone } = options;
  let isMounted = false;
  while (!gone.aborted) {
    const change = changes.next();
    try {
      await volumes.write();
      if (!isMounted) onMounted();
      isMounted = true;
    } catch (error) {
      events.record('Warning', 'FailedMount', describeError(error));
    }
    await clock.sleep(isMounted ? CHECK_MS : RETRY_MS, AbortSignal.any([change, gone]));
  }
}
