import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Guardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { withoutSpawnHooks } from '@ecr-pull-secrets/testbed/local-node/containers/spawn-hooks.ts';
import type { BuiltImage } from './image.ts';

/**
 * How an image's root becomes the root of a process, best first: by root's own rights, by a user
 * namespace, or, if the machine lets us do neither, not at all.
 */
export type Isolation = 'root' | 'user-namespace' | 'none';

/** The only folder that can be written to; containers of one image share it. */
const VOLUME = '/run';

/** A command of the image, running. */
export interface Container {
  /** As this machine counts. */
  readonly pid: number;
  log(): Promise<string>;
  /** Sends SIGTERM. @returns the exit code, or the signal that ended it */
  stop(): Promise<number | string>;
}

export interface ContainerOptions {
  readonly image: BuiltImage;
  readonly isolation: Isolation;
  /** What stands behind the entrypoint, as a pod's `args`. */
  readonly args: readonly string[];
  readonly environment?: Environment;
}

/** Where a path of the image is for its processes. */
export function pathIn({ image, isolation }: Pick<ContainerOptions, 'image' | 'isolation'>, path: string) {
  return isolation === 'none' ? join(image.root, path) : path;
}

/**
 * Makes the root read-only but for the volume, and the image's user of us. The mounts are seen by this
 * process and its children alone, and go with them.
 */
const ENTER = `
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
isolation=$1 root=$2 user=$3
shift 3
mount --bind "$root" "$root"
mount --bind "$root${VOLUME}" "$root${VOLUME}"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro,nosuid,nodev "$root"
if [ "$isolation" = root ]
then exec setpriv --no-new-privs "$(command -v chroot)" --groups= --userspec="$user" "$root" "$@"
else exec setpriv --no-new-privs "$(command -v unshare)" --user --map-user="\${user%:*}" --map-group="\${user#*:}" --root="$root" --wd=/ "$@"
fi`;

const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child'];

/** Starts it; it ends with the guardian at the latest. */
export async function startContainer(guardian: Guardian, options: ContainerOptions): Promise<Container> {
  const { image, isolation, args, environment = {} } = options;
  await makeMountPoints(image);
  const logFile = join(guardian.directory, `${args[0]}-${Date.now()}.log`);
  const output = openSync(logFile, 'a', 0o600);
  const [command = '', ...rest] = commandLine(options);
  const child = withoutSpawnHooks(() =>
    guardian.spawn(command, rest, {
      environment: { ...image.environment, ...environment },
      stdio: ['ignore', output, output],
    }),
  );
  closeSync(output);
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  const log = () => readFile(logFile, 'utf8');
  const pid = isolation === 'none' ? (child.pid ?? 0) : await firstProcess(child, log);
  return {
    pid,
    log,
    stop: () => {
      process.kill(pid, 'SIGTERM');
      return ended;
    },
  };
}

function commandLine({ image, isolation, args }: ContainerOptions): readonly string[] {
  const { root, user, entrypoint } = image;
  if (isolation === 'none') return [...entrypoint.map((word) => join(root, word)), ...args];
  const mapping = isolation === 'root' ? [] : ['--user', '--map-root-user'];
  const enter = ['sh', '-c', ENTER, 'enter', isolation, root, user, ...entrypoint, ...args];
  return ['unshare', ...mapping, ...NAMESPACES, ...enter];
}

/** The one that has the number 1 inside. */
async function firstProcess(child: ChildProcess, log: () => Promise<string>): Promise<number> {
  return eventually('the container’s first process', async () => {
    if (child.exitCode !== null) return 0;
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    const pid = Number.parseInt(children, 10);
    if (!pid) throw new Error(await log());
    return pid;
  });
}

/** The best isolation that this machine grants, tried with the image itself. */
export async function findIsolation(guardian: Guardian, image: BuiltImage): Promise<Isolation> {
  await makeMountPoints(image);
  const isRoot = process.getuid?.() === 0;
  const candidates = isRoot ? (['root', 'user-namespace'] as const) : (['user-namespace'] as const);
  for (const isolation of candidates) {
    const [command = '', ...rest] = commandLine({ image, isolation, args: ['--help'] });
    const exit = once(
      withoutSpawnHooks(() => guardian.spawn(command, rest)),
      'exit',
    );
    const exitCode = await exit.then(
      ([code]) => code,
      // There is no such program.
      () => undefined,
    );
    if (exitCode === 0) return isolation;
  }
  return 'none';
}

/** A container runtime makes the places where it mounts. */
async function makeMountPoints({ root }: BuiltImage): Promise<void> {
  for (const folder of ['proc', VOLUME]) await mkdir(join(root, folder), { recursive: true });
}
