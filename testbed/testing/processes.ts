import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { eventually } from '../src/playground/eventually.ts';

/** Runs an ES module in a process of its own, which ends with the test at the latest. */
export function runScript(t: Test, code: string): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

export function sourceUrl(file: string): string {
  return JSON.stringify(new URL(`../src/local-cluster/${file}`, import.meta.url).href);
}

export async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new TypeError('no standard output');
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error('the script ended without a line');
}

/** Ids of a process's living children (proc_pid_task(5)). */
export function childrenOf({ pid }: ChildProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children.split(' ').map(Number);
}

export function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  return eventually('the condition', async () => assert.ok(await condition()));
}

/** Writes shell scripts into a folder and returns it. */
export function executables(directory: string, scripts: Readonly<Record<string, string>>): string {
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}
