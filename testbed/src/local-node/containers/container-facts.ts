/** `state.terminated` of a container status. */
export interface Termination {
  readonly exitCode: number;
  readonly reason: 'Completed' | 'Error' | 'StartError';
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID: string;
}

/** `state` of a container status; exactly one is present. */
export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: Termination;
}

/** What is known of a container, from which the pod's status is made. */
export interface ContainerFacts {
  readonly name: string;
  readonly image: string;
  readonly isSidecar: boolean;
  readonly state: ContainerState;
  readonly lastTermination: Termination | undefined;
  readonly restartCount: number;
  readonly containerId: string | undefined;
  /** Running, and its startup probe has succeeded if it has one. */
  readonly started: boolean;
  /** Started, and its readiness probe succeeds if it has one; an init container: done. */
  readonly ready: boolean;
}

/** Kubernetes' times have no fractions of a second. */
export function toKubernetesTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
