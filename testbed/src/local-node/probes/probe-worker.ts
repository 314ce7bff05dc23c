import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Probe } from '../api/objects.ts';
import type { RunningContainer } from '../containers/container-record.ts';
import type { ProbeKind } from '../containers/health.ts';
import type { Attempt } from './attempt.ts';

export interface ProbeWorkerOptions {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly attempt: Attempt;
  /** The process of the moment; nothing if there is none. */
  readonly running: () => RunningContainer | undefined;
  /** Called with a result once its threshold is reached, and again at each further one. */
  readonly onResult: (success: boolean) => void;
  /** Called for each failed attempt. */
  readonly onFailure: (reason: string) => void;
  readonly clock: Clock;
}

/** Probes a container from time to time, all its processes in turn. */
export interface ProbeWorker {
  /** Probes until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Probes at once rather than at the next turn. */
  trigger(): void;
}

/**
 * Probes as kubelet does, turn by turn: nothing while no process runs or the initial delay lasts;
 * the startup probe alone until it has succeeded; after a failed startup or liveness probe nothing
 * until the next process. Source: kubernetes `pkg/kubelet/prober/worker.go`.
 */
export function createProbeWorker(options: ProbeWorkerOptions): ProbeWorker {
  const { probe, clock } = options;
  const takeTurn = createTurn(options);
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  let wake = new AbortController();

  return {
    trigger: () => wake.abort(),
    run: async (signal) => {
      let turnAt = clock.now();
      while (!signal.aborted) {
        wake = new AbortController();
        const { signal: woken } = wake;
        await takeTurn(signal);
        // A turn that took longer than the period is followed by one turn at once, not by several.
        turnAt = Math.max(turnAt + periodMs, clock.now());
        await clock.sleep(turnAt - clock.now(), AbortSignal.any([signal, woken]));
        if (woken.aborted) turnAt = clock.now();
      }
    },
  };
}

/** One turn of a worker, `doProbe` of worker.go. */
function createTurn(options: ProbeWorkerOptions): (signal: AbortSignal) => Promise<void> {
  const { kind, probe, attempt, running, onResult, onFailure, clock } = options;
  const { failureThreshold = 3, successThreshold = 1, initialDelaySeconds = 0 } = probe;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  let onHoldFor: string | undefined;
  let lastSuccess: boolean | undefined;
  let sameResults = 0;

  function isDue({ containerId, startedAt, started }: RunningContainer): boolean {
    if (containerId === onHoldFor) return false;
    if (clock.now() - startedAt < initialDelaySeconds * 1000) return false;
    return started === (kind !== 'startup');
  }

  return async (signal) => {
    const target = running();
    if (!target || !isDue(target)) return;
    const failure = await attempt(timeoutMs);
    if (signal.aborted || running()?.containerId !== target.containerId) return;
    const success = failure === undefined;
    if (!success) onFailure(failure);

    sameResults = success === lastSuccess ? sameResults + 1 : 1;
    lastSuccess = success;
    if (sameResults < (success ? successThreshold : failureThreshold)) return;
    if (isFinal(kind, success)) {
      onHoldFor = target.containerId;
      sameResults = 0;
    }
    onResult(success);
  };
}

/** Whether there is nothing more to learn about this process. */
function isFinal(kind: ProbeKind, success: boolean): boolean {
  return kind === 'startup' || (kind === 'liveness' && !success);
}
