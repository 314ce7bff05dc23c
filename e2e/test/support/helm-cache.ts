import { createHash, type Hash, randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Helm, HelmOutput } from '@ecr-pull-secrets/testbed/local-cluster/helm.ts';

/** What Helm computes from its arguments and from the files that they name, and from nothing else. */
const PURE_COMMANDS: ReadonlySet<string | undefined> = new Set(['template', 'lint']);

/** These read a file, a program or a cluster that the argument after them does not name alone. */
const IMPURE_OPTION = /^--(set-file|post-renderer|validate|dry-run|values=|repo|dependency-update)|^-f./;

const VALUES_OPTION = /^(-f|--values)$/;

/**
 * The refusals that the chart and its schema cause. Another failure, for example of a machine without memory, may be
 * over at the next run.
 */
const REFUSED_BY_CHART = /execution error at \(|don't meet the specifications of the schema/;

/**
 * About eight versions of the chart, in 20 MB: the tests render about 500 different manifests, of about 5 kB compressed.
 */
const MAX_ENTRIES = 4_000;

/** Stands for the path of the checkout, so that a fresh clone finds the answers of another one. */
const CHECKOUT = '<checkout>';

/** An output, or the message of a refusal. */
type Answer = HelmOutput | { readonly refusal: string };

export interface HelmCacheOptions {
  readonly directory: string;
  /** The path of the checkout. Whether an answer is for a command does not depend on it. */
  readonly checkout: string;
  /** The path of Helm. */
  readonly command: string;
  readonly helm: Helm;
}

/**
 * Remembers in a folder what Helm rendered, for the next run too: a run costs 0.1 s of CPU, and the tests need about
 * 500. An answer is for the same Helm, arguments and content of every file that an argument names, such as the chart.
 */
export async function cacheHelm(options: HelmCacheOptions): Promise<Helm> {
  const { directory, checkout, helm } = options;
  await mkdir(directory, { recursive: true });
  await removeOldest(directory);
  return async (args) => {
    const key = await keyOf(options, args);
    if (key === undefined) return helm(args);
    const path = join(directory, key);
    const cached = await read(path, checkout);
    const answer = cached ?? (await run(helm, args));
    // Of a file that changed meanwhile, it is open whether Helm read the content before or after the change.
    if (!cached && key === (await keyOf(options, args))) await write(path, answer, checkout);
    if ('refusal' in answer) throw new Error(answer.refusal);
    return answer;
  };
}

async function run(helm: Helm, args: readonly string[]): Promise<Answer> {
  try {
    return await helm(args);
  } catch (error) {
    if (!(error instanceof Error) || !REFUSED_BY_CHART.test(error.message)) throw error;
    return { refusal: error.message };
  }
}

/** @returns nothing if the answer may depend on more than is hashed */
async function keyOf({ command, checkout }: HelmCacheOptions, args: readonly string[]): Promise<string | undefined> {
  if (!PURE_COMMANDS.has(args[0]) || args.some((arg) => IMPURE_OPTION.test(arg))) return undefined;
  const program = await statOf(command);
  if (!program) return undefined;
  const hash = createHash('sha256');
  const { size, mtimeMs, ino } = program;
  hash.update(toJson([command, size, mtimeMs, ino, process.cwd(), args], checkout));
  for (const [index, arg] of args.entries()) {
    const isFile = await addContent(hash, arg, checkout);
    // Such as a URL, the standard input or several files in one argument.
    if (!isFile && VALUES_OPTION.test(args[index - 1] ?? '')) return undefined;
  }
  return hash.digest('hex');
}

/** @returns whether the path is a file; what is neither a file nor a folder adds nothing */
async function addContent(hash: Hash, path: string, checkout: string): Promise<boolean> {
  const stats = await statOf(path);
  if (stats?.isFile()) {
    const content = await readFile(path);
    hash.update(toJson([path, content.length], checkout)).update(content);
    return true;
  }
  if (!stats?.isDirectory()) return false;
  const names = (await readdir(path)).toSorted();
  hash.update(toJson([path, names], checkout));
  for (const name of names) await addContent(hash, join(path, name), checkout);
  return false;
}

function toJson(value: unknown, checkout: string): string {
  return JSON.stringify(value).replaceAll(checkout, CHECKOUT);
}

/** @returns nothing for an argument that is no path */
function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

/** @returns nothing if there is none, or half a one that a crash of the machine left */
async function read(path: string, checkout: string): Promise<Answer | undefined> {
  try {
    return JSON.parse(
      gunzipSync(await readFile(path))
        .toString()
        .replaceAll(CHECKOUT, checkout),
    );
  } catch {
    return undefined;
  }
}

/** Another process sees the whole file or none. */
async function write(path: string, answer: Answer, checkout: string): Promise<void> {
  const unfinished = `${path}.${randomUUID()}`;
  await writeFile(unfinished, gzipSync(toJson(answer, checkout), { level: 1 }));
  await rename(unfinished, path);
}

async function removeOldest(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.length <= MAX_ENTRIES) return;
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      return { path, mtimeMs: (await statOf(path))?.mtimeMs ?? 0 };
    }),
  );
  const newestFirst = entries.toSorted((one, other) => other.mtimeMs - one.mtimeMs);
  const old = newestFirst.slice(MAX_ENTRIES / 2);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}
