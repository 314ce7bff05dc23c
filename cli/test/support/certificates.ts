import { join } from 'node:path';
import { runLine, type RunOptions } from './command-line.ts';

/** The options that name the webhook. */
export const TARGET = ['--service', 'hook', '--namespace', 'apps'] as const;

/** Folders of an authority and of a set by it, as `certs` makes them. */
export interface MadeSet {
  readonly authority: string;
  readonly out: string;
}

/** Makes both beneath a folder. */
export async function makeSet(directory: string, options: RunOptions = {}): Promise<MadeSet> {
  const authority = join(directory, 'authority');
  const out = join(directory, 'set');
  const made = await runLine(['certs', 'authority', '--out', authority], options);
  const serving = ['certs', 'serving', '--authority', authority, ...TARGET, '--out', out];
  const signed = await runLine(serving, options);
  if (made.exitCode !== 0 || signed.exitCode !== 0) throw new Error(made.stderr + signed.stderr);
  return { authority, out };
}
