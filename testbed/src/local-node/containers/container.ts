import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Guardian } from '../../local-cluster/guardian.ts';
import type { EventRecorder } from '../api/events.ts';
import type { Container, RestartPolicy } from '../api/objects.ts';
import { type ContainerProcess, type ProcessSpecification, startContainerProcess } from './container-process.ts';
import { type ContainerRecord, type ContainerRole, createContainerRecord } from './container-record.ts';
import { createRestartBackOff, type RestartBackOff, type RestartBackOffOptions } from './restart-back-off.ts';
import { stopProcess } from './stop-process.ts';

export interface ContainerOptions {
  readonly spec: Container;
  readonly role: ContainerRole;
  /** The pod in kubelet's messages, `name_namespace(uid)`. */
  readonly podLabel: string;
  /** The pod's restart policy. */
  readonly restartPolicy: RestartPolicy;
  /** Why it has not started yet. */
  readonly waitingReason: 'ContainerCreating' | 'PodInitializing';
  /**
   * Decides what to run, before each start.
   *
   * @throws if a ConfigMap, a Secret or a key is missing; it is called again then
   */
  readonly prepare: () => Promise<ProcessSpecification>;
  readonly guardian: Pick<Guardian, 'spawn'>;
  readonly backOff: RestartBackOffOptions;
  readonly clock: Clock;
  readonly events: EventRecorder;
  /** Something that the pod's status shows has changed. */
  readonly onChange: () => void;
  /** Aborts when nothing is waited for any more. */
  readonly closing: AbortSignal;
}

/** One container of a pod: its process of the moment, and those before it. */
export interface ManagedContainer extends Pick<ContainerRecord, 'facts' | 'running' | 'health'> {
  readonly spec: Container;
  /** The id of its main process while that runs. */
  pid(): number | undefined;
  /**
   * Starts it, and again after each exit as the restart policy says, until it is done for good or,
   * once `stopping` has aborted, until the process of the moment has ended.
   */
  run(stopping: AbortSignal): Promise<void>;
  /** PreStop hook, SIGTERM, and SIGKILL after the grace period; resolves when the process is gone. */
  stop(graceSeconds: number): Promise<void>;
}

/** kubelet tries again after 10 s or more; a test need not wait that long. */
const PREPARE_RETRY_MS = 500;

/** What a container's run works on. */
interface Run extends ContainerOptions {
  readonly record: ContainerRecord;
  readonly restarts: RestartBackOff;
}

export function createContainer(options: ContainerOptions): ManagedContainer {
  const { spec, role, clock, events, waitingReason, onChange } = options;
  const record = createContainerRecord(spec, role, waitingReason, onChange);
  const run: Run = { ...options, record, restarts: createRestartBackOff(options.backOff) };
  let process: ContainerProcess | undefined;

  return {
    ...record,
    spec,
    pid: () => process?.pid,
    run: async (stopping) => {
      while (!stopping.aborted) {
        const specification = await prepare(run, stopping);
        if (!specification || stopping.aborted) return;
        process = startContainerProcess(options.guardian, specification);
        const exitCode = await follow(process, run);
        process = undefined;
        const finishedAt = clock.now();
        if (stopping.aborted || !shouldRestart(options, exitCode)) return;
        await waitForTurn(finishedAt, run, stopping);
      }
    },
    stop: async (graceSeconds) => {
      if (!process) return;
      events.record('Normal', 'Killing', `Stopping container ${spec.name}`);
      await stopProcess(process, { ...options, preStop: spec.lifecycle?.preStop, graceSeconds });
    },
  };
}

/** @returns nothing if it was stopped before there was anything to run */
async function prepare(
  { spec, prepare: ask, record, events, clock }: Run,
  stopping: AbortSignal,
): Promise<ProcessSpecification | undefined> {
  while (!stopping.aborted) {
    try {
      return await ask();
    } catch (error) {
      const message = describeError(error);
      record.wait('CreateContainerConfigError', message);
      events.record('Warning', 'Failed', `Error of container ${spec.name}: ${message}`);
      await clock.sleep(PREPARE_RETRY_MS, stopping);
    }
  }
  return undefined;
}

/** @returns the exit code of the process */
async function follow(process: ContainerProcess, { spec, record, events, clock }: Run): Promise<number> {
  record.start(clock.now());
  if (process.pid !== undefined) {
    events.record('Normal', 'Started', `Container ${spec.name} started`);
  }
  const { exitCode, startError } = await process.ended;
  record.end(exitCode, clock.now(), startError);
  return exitCode;
}

/** A sidecar always restarts, an init container never after success. Source: `ContainerShouldRestart`. */
function shouldRestart({ role, restartPolicy }: ContainerOptions, exitCode: number): boolean {
  if (role === 'sidecar') return true;
  if (restartPolicy === 'Never') return false;
  return exitCode !== 0 || (restartPolicy === 'Always' && role === 'regular');
}

async function waitForTurn(
  finishedAt: number,
  { spec, podLabel, record, restarts, events, clock }: Run,
  stopping: AbortSignal,
): Promise<void> {
  const waitMs = restarts.waitMs(finishedAt);
  if (waitMs > 0) {
    const seconds = waitMs / 1000;
    record.wait('CrashLoopBackOff', `back-off ${seconds}s restarting failed container=${spec.name} pod=${podLabel}`);
    events.record('Warning', 'BackOff', `Back-off restarting failed container ${spec.name}`);
    await clock.sleep(waitMs, stopping);
  }
  restarts.restarted(finishedAt, clock.now());
}
