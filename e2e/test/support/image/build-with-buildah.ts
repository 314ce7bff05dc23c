import { once } from 'node:events';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Guardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { installNode } from './alpine-stand-in.ts';
import type { BuildOptions } from './build-in-steps.ts';
import { parseDockerfile } from './dockerfile.ts';
import type { BuiltImage } from './image.ts';

/** Debian's and others' way since /bin, /lib and the like went into /usr. */
const MERGED = ['bin', 'lib', 'lib64', 'sbin'];

const NAMES = { base: 'localhost/alpine-stand-in', result: 'localhost/ecr-pull-secrets' };

/** Where the base image has what stands for Alpine's tools. */
const TOOLS = '/stand-in';

/** Where a step finds what `npm ci` installed before. */
const INSTALLED = '/installed';

/**
 * What stands for npm, which takes 15 s of CPU to install the same packages again: the same files give the same
 * packages.
 */
const NPM = `#!/bin/sh -eu
test "$1" = ci
for file in package.json package-lock.json .npmrc */package.json; do cmp "$file" "${INSTALLED}/$file"; done
here="$PWD"
cd ${INSTALLED}
find . -name node_modules -prune -exec cp --archive --parents {} "$here" \\;
`;

export interface BuildahOptions extends BuildOptions {
  /** A folder with the files that `npm ci` needs, and what it installed by them. */
  readonly installed: string;
}

interface Inspected {
  readonly OCIv1: {
    readonly config: {
      readonly User: string;
      readonly Entrypoint: readonly string[];
      readonly Labels: Readonly<Record<string, string>>;
      readonly Env: readonly string[];
    };
  };
}

/**
 * Has buildah build the Dockerfile as it stands. No base image can be had, so one is made: our Node in the place where
 * Alpine's would be, an `apk` that does nothing, and an `npm` that copies. While a step runs it sees this machine's
 * `/usr`.
 *
 * @throws with what buildah said
 */
export async function buildWithBuildah(
  guardian: Guardian,
  { source, directory, buildArguments, installed }: BuildahOptions,
): Promise<BuiltImage> {
  const places = ['--root', join(directory, 'storage'), '--runroot', join(directory, 'state')];
  const buildah = (...args: readonly string[]) =>
    output(guardian, 'buildah', [...places, '--storage-driver', 'vfs', ...args]);

  await makeBase(join(directory, 'base'));
  const container = await buildah('from', 'scratch');
  await buildah('copy', '--quiet', container, join(directory, 'base'), '/');
  await buildah('config', '--env', `PATH=${TOOLS}/node:${TOOLS}:/usr/local/bin:/usr/bin:/bin`, container);
  await buildah('commit', '--quiet', '--rm', container, NAMES.base);

  const nodeDirectory = dirname(process.execPath);
  const volumes = ['/usr:/usr:ro', `${nodeDirectory}:${TOOLS}/node:ro`, `${installed}:${INSTALLED}:ro`];
  const dockerfile = await readFile(join(source, 'Dockerfile'), 'utf8');
  const bases = new Set(parseDockerfile(dockerfile, buildArguments).map(({ base }) => base));
  await buildah(
    'build',
    '--isolation=chroot',
    '--pull=never',
    `--tag=${NAMES.result}`,
    ...volumes.map((volume) => `--volume=${volume}`),
    ...[...bases].map((base) => `--build-context=${base}=container-image://${NAMES.base}`),
    ...Object.entries(buildArguments).map(([name, value]) => `--build-arg=${name}=${value}`),
    source,
  );
  const result = await buildah('from', '--pull-never', NAMES.result);
  const root = await buildah('mount', result);
  const inspected: Inspected = JSON.parse(await buildah('inspect', '--type', 'image', NAMES.result));
  const { User, Entrypoint, Labels, Env } = inspected.OCIv1.config;
  const environment = Object.fromEntries(Env.map((variable) => variable.split('=', 2)));
  return { root, user: User, entrypoint: Entrypoint, labels: Labels, environment };
}

async function makeBase(base: string): Promise<void> {
  for (const folder of [...MERGED.map((name) => `usr/${name}`), 'tmp', `.${TOOLS}`]) {
    await mkdir(join(base, folder), { recursive: true });
  }
  for (const name of MERGED) await symlink(`usr/${name}`, join(base, name));
  await chmod(join(base, 'tmp'), 0o1777);
  for (const [name, script] of Object.entries({ apk: '#!/bin/sh\n', npm: NPM })) {
    await writeFile(join(base, TOOLS, name), script, { mode: 0o755 });
  }
  await installNode(base);
}

async function output(guardian: Guardian, command: string, args: readonly string[]) {
  const { PATH, HOME } = process.env;
  const child = guardian.spawn(command, args, {
    environment: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
  ]);
  if (code === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
}
