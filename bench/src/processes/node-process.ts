import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import type { Bench } from '../row.ts';

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
export function startNode(bench: Bench, args: readonly string[], environment: Environment = {}): NodeProcess {
  const options = { NODE_OPTIONS: bench.product.webhookOptions, ...environment };
  return startProgram(bench, [process.execPath, ...args], options);
}

/** Starts a program in the memory cgroup, if there is one. */
export function startProgram(
  { guardian, inMemoryCgroup }: Bench,
  words: readonly string[],
  environment: Environment = {},
): NodeProcess {
  const file = join(guardian.directory, `${crypto.randomUUID()}.log`);
  const output = openSync(file, 'a', 0o600);
  const [command = '', ...rest] = [...inMemoryCgroup, ...words];
  const child = guardian.spawn(command, rest, {
    environment,
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
