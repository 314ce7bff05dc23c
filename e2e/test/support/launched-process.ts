import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { findFreePort } from '@ecr-pull-secrets/testbed/local-cluster/free-port.ts';
import type { Guardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { imageEntrypoint } from '@ecr-pull-secrets/testbed/playground/image-entrypoint.ts';

export const HOST = '127.0.0.1';
const START_MS = 30_000;
const POLL_MS = 50;

export interface Launch {
  readonly guardian: Guardian;
  /** The bundle. */
  readonly entry: string;
  readonly command: 'webhook' | 'renewer';
  readonly environment: Environment;
  /** What it answers once it is up. */
  readonly probe: 'livez' | 'readyz';
}

/** One container of ours as a process, started as the image starts it. */
export interface LaunchedProcess {
  readonly pid: number;
  /** Everything it wrote so far. */
  log(): Promise<string>;
  metrics(): Promise<string>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Ends it by SIGTERM. */
  stop(): void;
}

/** @throws with its log if it does not answer its probe */
export async function launchProcess(launch: Launch): Promise<LaunchedProcess> {
  const { guardian, entry, command, environment, probe } = launch;
  const opsPort = await findFreePort();
  const logFile = join(guardian.directory, `${command}-${opsPort}.log`);
  const output = openSync(logFile, 'a', 0o600);
  const [node = '', ...options] = await imageEntrypoint(entry);
  const child = guardian.spawn(node, [...options, command], {
    cwd: guardian.directory,
    environment: { HOST, OPS_PORT: String(opsPort), ...environment },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  const log = () => readFile(logFile, 'utf8');
  const ops = `http://${HOST}:${opsPort}`;
  if (!(await answers(child, `${ops}/${probe}`))) {
    throw new Error(`the ${command} does not answer /${probe}:\n${await log()}`);
  }
  return {
    pid: child.pid ?? 0,
    log,
    metrics: async () => (await fetch(`${ops}/metrics`)).text(),
    ended,
    stop: () => void child.kill('SIGTERM'),
  };
}

async function answers(child: ChildProcess, url: string): Promise<boolean> {
  const deadline = systemClock.now() + START_MS;
  while (child.exitCode === null && systemClock.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return true;
    await systemClock.sleep(POLL_MS);
  }
  return false;
}
