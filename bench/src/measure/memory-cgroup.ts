import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The memory limit of the webhook's container in the chart. */
export const CGROUP_MEBIBYTES = 384;

const ROOT_OF_V1 = '/sys/fs/cgroup/memory';
const PREFIX = 'ecr-pull-secrets-bench-';

/** How a program is started in a memory cgroup, as in a container. */
export interface MemoryCgroup {
  /** The command in front of the program; empty if the machine offers no such cgroup. */
  readonly command: readonly string[];
  /** Removes it, after its processes have ended. */
  readonly close: () => Promise<void>;
}

/**
 * Creates a memory cgroup: inside our own one if the hierarchy is that of version 1 and we may write to it, else
 * systemd's for each program. V8 chooses its heap by this limit.
 */
export async function createMemoryCgroup(): Promise<MemoryCgroup> {
  return (await inVersion1()) ?? (await inSystemd()) ?? { command: [], close: async () => undefined };
}

async function inVersion1(): Promise<MemoryCgroup | undefined> {
  const own = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(await readFile('/proc/self/cgroup', 'utf8'))?.[1];
  if (own === undefined) return undefined;
  const parent = join(ROOT_OF_V1, own);
  const directory = join(parent, `${PREFIX}${process.pid}`);
  try {
    await removeAbandoned(parent);
    await mkdir(directory);
    await writeFile(join(directory, 'memory.limit_in_bytes'), String(CGROUP_MEBIBYTES * 1024 ** 2));
  } catch {
    return undefined;
  }
  const enter = `echo $$ > ${directory}/cgroup.procs && exec "$@"`;
  return { command: ['/bin/sh', '-c', enter, 'sh'], close: () => rmdir(directory) };
}

/** A benchmark that was killed leaves its empty cgroup behind. That of one that runs is empty between its processes. */
async function removeAbandoned(parent: string): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
  const abandoned = names.filter((name) => !existsSync(`/proc/${name.slice(PREFIX.length)}`));
  await Promise.all(abandoned.map((name) => rmdir(join(parent, name)).catch(() => undefined)));
}

async function inSystemd(): Promise<MemoryCgroup | undefined> {
  const limit = `--property=MemoryMax=${CGROUP_MEBIBYTES}M`;
  const whose = process.getuid?.() === 0 ? [] : ['--user'];
  const program = 'systemd-run';
  const words = [...whose, '--scope', '--quiet', '--collect', limit];
  try {
    await promisify(execFile)(program, [...words, 'true']);
  } catch {
    return undefined;
  }
  return { command: [program, ...words], close: async () => undefined };
}
