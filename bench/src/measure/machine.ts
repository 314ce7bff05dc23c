import { execFile } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findWrk } from '../load/load.ts';
import { CGROUP_MEBIBYTES, type MemoryCgroup } from './memory-cgroup.ts';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

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
    commit: await git('rev-parse', 'HEAD'),
    hasUncommittedChanges: (await git('status', '--porcelain')) !== '',
  };
}

/** What git prints; a text that says so if this is no checkout. */
async function git(...args: readonly string[]): Promise<string> {
  const output = await promisify(execFile)('git', args, { cwd: CHECKOUT }).catch(() => ({ stdout: 'unknown' }));
  return output.stdout.trim();
}
