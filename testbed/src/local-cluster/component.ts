import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { GO_ENVIRONMENT } from './go-environment.ts';
import type { Guardian } from './guardian.ts';

/** One process of the control plane. */
export interface Component {
  /** SIGTERM and, if that is not heeded, SIGKILL; resolves when the process is gone. */
  stop(): Promise<void>;
}

export interface ComponentOptions {
  readonly guardian: Guardian;
  /** Its log is `<name>.log` in the guardian's folder; a restart appends to it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Called until it resolves with true; a rejection counts as not yet. The signal ends the wait. */
  readonly isReady: (over: AbortSignal) => Promise<boolean>;
}

/** The API server takes 4 s on two idle cores; a busy machine with several clusters takes long. */
const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 100;
/** The API server takes 1.2 s. */
const STOP_TIMEOUT_MS = 10_000;
const LOG_LINES = 15;

/**
 * Starts a process and waits until it is ready.
 *
 * @throws with the last lines of its log when it exits before that, cannot be started or takes too long
 */
export async function startComponent(options: ComponentOptions): Promise<Component> {
  const { guardian, name, command, args } = options;
  const logPath = join(guardian.directory, `${name}.log`);
  const log = openSync(logPath, 'a', 0o600);
  const child = guardian.spawn(command, args, {
    stdio: ['ignore', log, log],
    environment: GO_ENVIRONMENT,
  });
  closeSync(log);

  const over = new AbortController();
  const failed = exitOf(child).then((how) => Promise.reject(new Error(`${name} ${how}`)));
  try {
    await Promise.race([failed, untilReady(options, over.signal)]);
  } catch (error) {
    throw new Error(`${describeError(error)}\n${await lastLines(logPath)}`, { cause: error });
  } finally {
    over.abort();
    failed.catch(() => undefined);
  }
  return { stop: () => stop(child) };
}

async function exitOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'exit');
    return signal ? `was ended by ${signal} before it was ready` : `exited with code ${code} before it was ready`;
  } catch (error) {
    return `cannot be started: ${describeError(error)}`;
  }
}

async function untilReady({ name, isReady }: ComponentOptions, over: AbortSignal): Promise<void> {
  const deadline = systemClock.now() + READY_TIMEOUT_MS;
  while (!over.aborted) {
    if (await isReady(over).catch(() => false)) return;
    if (systemClock.now() > deadline) {
      throw new Error(`${name} was not ready after ${READY_TIMEOUT_MS / 1000} s`);
    }
    await systemClock.sleep(POLL_MS, over);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(impatience);
}

async function lastLines(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.slice(-LOG_LINES).join('\n');
}
