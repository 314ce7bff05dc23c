import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import type { Bench } from '../row.ts';

const DEPLOY_YAML = new URL('../../../deploy.yaml', import.meta.url);

/** A process under test. */
export interface NodeProcess {
  readonly pid: number;
  /** What it wrote so far. */
  readonly output: () => Promise<string>;
  /** Whether it still runs. */
  readonly isRunning: () => boolean;
  /** Resolves at its end. */
  readonly ended: Promise<unknown>;
  /** Ends it and waits for its end. */
  readonly end: () => Promise<void>;
}

/** Starts Node in the memory cgroup, if there is one, with the flags that the chart sets for the webhook. */
export async function startNode(
  { guardian, inMemoryCgroup }: Bench,
  args: readonly string[],
  environment: Environment = {},
): Promise<NodeProcess> {
  const file = join(guardian.directory, `${crypto.randomUUID()}.log`);
  const output = openSync(file, 'a', 0o600);
  const [command = '', ...rest] = [...inMemoryCgroup, process.execPath, ...args];
  const child = guardian.spawn(command, rest, {
    environment: { NODE_OPTIONS: await webhookNodeOptions(), ...environment },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    output: () => readFile(file, 'utf8'),
    ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The path of a program of the benchmark. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));
}

/** The flags of V8's heap that the chart derives from the webhook's memory limit. */
async function webhookNodeOptions(): Promise<string> {
  const [, options] = /name: NODE_OPTIONS\n\s+value: (.+)/.exec(await readFile(DEPLOY_YAML, 'utf8')) ?? [];
  if (options === undefined) throw new Error('deploy.yaml does not set NODE_OPTIONS');
  return options;
}
