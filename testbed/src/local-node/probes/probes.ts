import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { EventRecorder } from '../api/events.ts';
import type { Probe } from '../api/objects.ts';
import type { ManagedContainer } from '../containers/container.ts';
import type { ProbeKind } from '../containers/health.ts';
import { createAttempt } from './attempt.ts';
import { createProbeWorker, type ProbeWorker } from './probe-worker.ts';

export interface ProbesOptions {
  readonly container: ManagedContainer;
  /** The pod's address. */
  readonly address: string;
  /** The pod's, for a container that a probe has found dead. */
  readonly graceSeconds: number;
  readonly clock: Clock;
  readonly events: EventRecorder;
  /** Aborts when the pod is being stopped: readiness alone is probed from then on. */
  readonly stopping: AbortSignal;
  /** Aborts when the container is gone for good. */
  readonly gone: AbortSignal;
}

/** The probes of one container. */
export interface ContainerProbes {
  /** Looks at once whether a started container that is not ready has become so. */
  hurry(): void;
}

/** Starts the probes that a container's specification names; they write into its health. */
export function startProbes(options: ProbesOptions): ContainerProbes {
  const { container, stopping, gone } = options;
  const { startupProbe, livenessProbe, readinessProbe } = container.spec;
  const untilStopped = AbortSignal.any([stopping, gone]);
  if (startupProbe) void createWorker('startup', startupProbe, options).run(untilStopped);
  if (livenessProbe) void createWorker('liveness', livenessProbe, options).run(untilStopped);
  if (!readinessProbe) return { hurry: () => undefined };
  const readiness = createWorker('readiness', readinessProbe, options);
  void readiness.run(gone);
  return {
    hurry: () => {
      const { started, ready } = container.facts();
      if (started && !ready) readiness.trigger();
    },
  };
}

function createWorker(kind: ProbeKind, probe: Probe, options: ProbesOptions): ProbeWorker {
  const { container, address, clock, events, graceSeconds } = options;
  const { spec, health } = container;
  return createProbeWorker({
    kind,
    probe,
    attempt: createAttempt(probe, spec, address),
    running: container.running,
    clock,
    onFailure: (reason) => {
      const title = kind[0]?.toUpperCase() + kind.slice(1);
      events.record('Warning', 'Unhealthy', `${title} probe failed: ${reason}`);
    },
    onResult: (success) => {
      health.set(kind, success);
      if (success || kind === 'readiness') return;
      const message = `Container ${spec.name} failed ${kind} probe, will be restarted`;
      events.record('Normal', 'Killing', message);
      void container.stop(probe.terminationGracePeriodSeconds ?? graceSeconds);
    },
  });
}
