import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import type { ReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import type { DeploymentEvents } from './deployment-events.ts';

/** Failures in a row before an Event: an API server that restarts is back after a few. */
const FAILURES_TO_REPORT = 3;

/** A controller of the leader whose failures are Events of the Deployment. */
export interface ReportedController {
  /** The reason of the Event of a failure, and of its end. */
  readonly reasons: readonly [failure: string, end: string];
  /** What it means, as a sentence. */
  readonly consequence: string;
}

/** Reports a controller that fails again and again, and the end of that. */
export function reportFailures(
  controller: ReconcileLoop,
  events: DeploymentEvents,
  { reasons: [failure, end], consequence }: ReportedController,
): ReconcileLoop {
  const subject = controller.name;
  let failures = 0;
  return {
    ...controller,
    reconcile: async (signal) => {
      try {
        const result = await controller.reconcile(signal);
        failures = 0;
        events.resolve({ subject, reason: end, message: `The problem with the ${subject} is over.` });
        return result;
      } catch (error) {
        if (signal.aborted || controller.isExpected?.(error)) throw error;
        failures += 1;
        const [reason = ''] = describeError(error).split('\n');
        const message = `${consequence} ${reason}. The renewer tries again. See docs/troubleshooting.md#certificates.`;
        if (failures >= FAILURES_TO_REPORT) events.report({ subject, reason: failure, message });
        throw error;
      }
    },
  };
}
