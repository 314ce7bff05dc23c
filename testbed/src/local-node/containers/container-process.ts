import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import type { Guardian } from '../../local-cluster/guardian.ts';
import { withoutSpawnHooks } from './spawn-hooks.ts';

/** What to run, all mapped and expanded. */
export interface ProcessSpecification {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Standard output and standard error are appended to it. */
  readonly logPath: string;
}

/** How a container's main process ended. */
export interface ProcessEnd {
  /** 128 + the signal's number if a signal ended it, as container runtimes report it. */
  readonly exitCode: number;
  /** Why it could not even be started. */
  readonly startError?: string;
}

/** A container's main process; it leads a process group of its own. */
export interface ContainerProcess {
  /** `undefined` if it could not be started. */
  readonly pid: number | undefined;
  readonly ended: Promise<ProcessEnd>;
  /** Signals the main process alone, as a container runtime does at a graceful stop. */
  signal(name: NodeJS.Signals): void;
  /** SIGKILL to the whole group. */
  kill(): void;
}

/** containerd's exit code for a process that could not be started. */
const START_ERROR_EXIT_CODE = 128;

/**
 * Starts a container's main process. When it ends, what it left in its group is killed, as the rest of
 * a container dies with its process 1.
 */
export function startContainerProcess(
  guardian: Pick<Guardian, 'spawn'>,
  specification: ProcessSpecification,
): ContainerProcess {
  const child = spawn(guardian, specification);
  if (child instanceof Error) return neverStarted(child);
  return {
    pid: child.pid,
    ended: endOf(child),
    signal: (name) => {
      child.kill(name);
    },
    kill: () => {
      // Once it is gone, its id may belong to another process.
      if (child.exitCode === null && child.signalCode === null) killGroup(child);
    },
  };
}

/** @returns the error if the arguments are such that nothing can be started with them */
function spawn(
  guardian: Pick<Guardian, 'spawn'>,
  { command, environment, workingDirectory, logPath }: ProcessSpecification,
): ChildProcess | Error {
  const [program = '', ...args] = command;
  const log = openSync(logPath, 'a', 0o600);
  try {
    return withoutSpawnHooks(() =>
      guardian.spawn(program, args, {
        cwd: workingDirectory,
        environment,
        stdio: ['ignore', log, log],
      }),
    );
  } catch (error) {
    return error instanceof Error ? error : new Error('the process cannot be started');
  } finally {
    closeSync(log);
  }
}

function neverStarted({ message }: Error): ContainerProcess {
  return {
    pid: undefined,
    ended: Promise.resolve({ exitCode: START_ERROR_EXIT_CODE, startError: message }),
    signal: () => undefined,
    kill: () => undefined,
  };
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      resolve({ exitCode: START_ERROR_EXIT_CODE, startError: error.message });
    });
    child.once('exit', (code, signal) => {
      killGroup(child);
      resolve({ exitCode: signal ? 128 + constants.signals[signal] : (code ?? 0) });
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No process is left in the group.
  }
}
