import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { withoutSpawnHooks } from '@ecr-pull-secrets/testbed/local-node/containers/spawn-hooks.ts';
import { installNode, installsNode } from './alpine-stand-in.ts';
import { copyBuildContext } from './build-context.ts';
import { type Instruction, parseDockerfile, type Stage } from './dockerfile.ts';
import type { BuiltImage } from './image.ts';

export interface BuildOptions {
  /** The checkout. */
  readonly source: string;
  /** An empty folder to work in. */
  readonly directory: string;
  readonly buildArguments: Readonly<Record<string, string>>;
}

/**
 * Performs the Dockerfile's instructions one after the other, each stage in a folder of its own, as a
 * builder does; the shell's are run on this machine. In place of Alpine's packages there is our Node.
 */
export async function buildInSteps(options: BuildOptions): Promise<BuiltImage> {
  const { source, directory, buildArguments } = options;
  const context = join(directory, 'context');
  await copyBuildContext(source, context);
  const stages = parseDockerfile(await readFile(join(source, 'Dockerfile'), 'utf8'), buildArguments);
  const roots = new Map([['', context]]);
  for (const [index, stage] of stages.entries()) {
    const root = join(directory, `stage-${index}`);
    await mkdir(root);
    await build(stage, root, roots);
    roots.set(stage.alias ?? String(index), root);
  }
  const last = stages.at(-1);
  if (!last?.user || !last.entrypoint) throw new Error('the last stage says not how to start it');
  const { user, entrypoint, labels, environment } = last;
  const root = join(directory, `stage-${stages.length - 1}`);
  return { root, user, entrypoint, labels, environment };
}

async function build(stage: Stage, root: string, roots: ReadonlyMap<string, string>) {
  if (!stage.base.startsWith('alpine:')) throw new Error(`nothing stands for ${stage.base}`);
  let workdir = '/';
  for (const instruction of stage.instructions) {
    if (instruction.name === 'WORKDIR') {
      workdir = join('/', workdir, instruction.path);
      await mkdir(join(root, workdir), { recursive: true });
    }
    if (instruction.name === 'COPY') await copy(instruction, join(root, workdir), root, roots);
    if (instruction.name === 'RUN') await run(instruction.command, stage, root, workdir);
  }
}

async function copy(
  { from = '', sources, destination }: Extract<Instruction, { name: 'COPY' }>,
  workdir: string,
  root: string,
  roots: ReadonlyMap<string, string>,
): Promise<void> {
  const origin = roots.get(from);
  if (!origin) throw new Error(`no stage is called ${from}`);
  const target = destination.startsWith('/') ? join(root, destination) : join(workdir, destination);
  const options = { recursive: true, preserveTimestamps: true } as const;
  for (const source of sources) {
    const path = join(origin, source);
    const isFolder = (await stat(path)).isDirectory();
    // A folder's content is copied, a file into the folder before the slash.
    const intoFolder = !isFolder && destination.endsWith('/');
    await cp(path, intoFolder ? join(target, basename(source)) : target, options);
  }
}

async function run(command: string, stage: Stage, root: string, workdir: string): Promise<void> {
  if (installsNode(command)) return await installNode(root);
  // Without a container around it such a path would be this machine's.
  if (/(?<![\w.])\//.test(command)) throw new Error(`it names a path from the root: ${command}`);
  const child = withoutSpawnHooks(() =>
    spawn('sh', ['-euc', command], {
      cwd: join(root, workdir),
      env: { ...builderEnvironment(), ...stage.variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  const [[code], ...output] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output.join('')}`);
}

/** Ours, so that npm finds its registry; but of the npm that runs the tests not which package it is in. */
function builderEnvironment(): Readonly<Record<string, string | undefined>> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_(registry|cache|userconfig)$)|NODE_OPTIONS|TAP|INIT_CWD)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    npm_config_prefer_offline: 'true',
  };
}
