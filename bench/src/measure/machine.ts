import { execFile } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';
import { promisify } from 'node:util';
import { findWrk } from '../load/load.ts';
import { THIS_CHECKOUT } from '../processes/product.ts';
import { CGROUP_MEBIBYTES, type MemoryCgroup } from './memory-cgroup.ts';

/** What the figures depend on besides the code. */
export type Machine = Awaited<ReturnType<typeof describeMachine>>;

/** Describes the machine and the checkout. */
export async function describeMachine({ command }: MemoryCgroup) {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    kernel: release(),
    node: process.version,
    client: (await findWrk()) ? 'wrk' : 'bench/src/programs/load-client.ts',
    memoryCgroup: command.length > 0 ? `${CGROUP_MEBIBYTES} MiB` : 'none',
    commit: await commitOf(THIS_CHECKOUT),
    hasUncommittedChanges: (await git(THIS_CHECKOUT, 'status', '--porcelain')) !== '',
  };
}

/** The commit of a checkout. */
export function commitOf(checkout: string): Promise<string> {
  return git(checkout, 'rev-parse', 'HEAD');
}

/** What git prints; a text that says so if this is no checkout. */
async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const output = await promisify(execFile)('git', args, { cwd }).catch(() => ({ stdout: 'unknown' }));
  return output.stdout.trim();
}
