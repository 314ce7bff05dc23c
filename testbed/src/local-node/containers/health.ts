import type { Container } from '../api/objects.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** What the probes of a container's present process have found. */
export interface Health {
  /** Forgets everything: a new process has started. */
  reset(): void;
  set(kind: ProbeKind, success: boolean): void;
  isStarted(): boolean;
  isReady(): boolean;
}

/** Not started and not ready until the probe says so; without a probe both at once. */
export function createHealth(spec: Container, onChange: () => void): Health {
  let results: Partial<Record<ProbeKind, boolean>> = {};
  return {
    reset: () => {
      results = {};
    },
    set: (kind, success) => {
      if (results[kind] === success) return;
      results[kind] = success;
      onChange();
    },
    isStarted: () => spec.startupProbe === undefined || results.startup === true,
    isReady: () => spec.readinessProbe === undefined || results.readiness === true,
  };
}
