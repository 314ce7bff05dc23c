import { join } from 'node:path';
import { runLine, type RunOptions } from './command-line.ts';

/** The options that name the webhook. */
export const TARGET = ['--service', 'hook', '--namespace', 'apps'] as const;

/** Folders of a CA and of a set by it, as `certs` makes them. */
export interface MadeSet {
  readonly ca: string;
  readonly out: string;
}

/** Makes both beneath a folder. */
export async function makeSet(directory: string, options: RunOptions = {}): Promise<MadeSet> {
  const ca = join(directory, 'ca');
  const out = join(directory, 'set');
  const made = await runLine(['certs', 'ca', '--out', ca], options);
  const serving = ['certs', 'serving', '--ca-dir', ca, ...TARGET, '--out', out];
  const signed = await runLine(serving, options);
  if (made.exitCode !== 0 || signed.exitCode !== 0) throw new Error(made.stderr + signed.stderr);
  return { ca, out };
}
