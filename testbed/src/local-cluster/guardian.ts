import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { type ChildProcess, fork, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MARK, removeRemains } from './remains.ts';

export interface GuardedOptions {
  readonly cwd?: string;
  /** The whole environment of the process: nothing of ours is inherited, least of all a proxy. */
  readonly environment?: Environment;
  /** As `child_process.spawn` has it. The default is three closed streams. */
  readonly stdio?: StdioOptions;
}

/**
 * Owner of processes and of a temporary folder that must not outlive this process.
 *
 * A small supervisor in a session of its own is connected to us. When we are gone, by whatever
 * means (Ctrl-C, a failed test, SIGKILL), it ends the processes and removes the folder.
 */
export interface Guardian {
  /** Absolute path of the folder, readable by this user only. */
  readonly directory: string;
  /**
   * Starts a process in a session of its own, so that Ctrl-C reaches us alone and we stop things in
   * order. It and all that it starts end with us at the latest.
   */
  spawn(command: string, args: readonly string[], options?: GuardedOptions): ChildProcess;
  /** Hands a claim over, to be let go only after the last process has ended. */
  hold(server: Server): Promise<void>;
  /** Ends what still runs, removes the folder and lets go of the claims; a second call does no more. */
  close(): Promise<void>;
}

const SUPERVISOR = fileURLToPath(new URL('guardian-process.ts', import.meta.url));

/** Starts a supervisor with a new folder inside `parentDirectory`. */
export async function startGuardian(parentDirectory = tmpdir()): Promise<Guardian> {
  const supervisor = fork(SUPERVISOR, [parentDirectory], {
    cwd: '/',
    detached: true,
    env: {},
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const directory = await readDirectory(supervisor, parentDirectory);
  // If the supervisor is killed, close() still cleans up by itself.
  supervisor.on('error', () => undefined);

  let closing: Promise<void> | undefined;
  return {
    directory,
    spawn: (command, args, { cwd = directory, environment = {}, stdio = 'ignore' } = {}) =>
      spawn(command, args, {
        cwd,
        detached: true,
        env: { ...environment, [MARK]: directory },
        stdio,
      }),
    hold: (server) => handOver(supervisor, server),
    close: () => (closing ??= close(supervisor, directory)),
  };
}

/** The supervisor's first and only message is its folder: it made it, so none is ever left over. */
async function readDirectory(supervisor: ChildProcess, parentDirectory: string): Promise<string> {
  const failed = once(supervisor, 'exit').then(() => {
    throw new Error(`no temporary folder could be made in ${parentDirectory}`);
  });
  const [directory] = await Promise.race([once(supervisor, 'message'), failed]);
  if (typeof directory !== 'string') throw new Error('the guardian sent no folder');
  failed.catch(() => undefined);
  return directory;
}

function handOver(supervisor: ChildProcess, server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    supervisor.send('hold', server, {}, (error) => {
      if (error) return reject(error);
      server.close();
      resolve();
    });
  });
}

async function close(supervisor: ChildProcess, directory: string): Promise<void> {
  await removeRemains(directory);
  if (!supervisor.connected) return;
  const exited = once(supervisor, 'exit');
  supervisor.disconnect();
  await exited;
}
