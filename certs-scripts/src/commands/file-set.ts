import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createError, isCodedError, isSystemError } from '@ecr-pull-secrets/shared/errors.ts';
import { readPemFile } from '../verify/pem-file.ts';

/** A file to be written. */
export interface NewFile {
  readonly name: string;
  readonly content: string;
  /** The rights that it has from its first moment. */
  readonly mode: number;
}

/** For its owner alone. */
export function privateKeyFile(name: string, content: string): NewFile {
  return { name, content, mode: 0o600 };
}

export function certificateFile(name: string, content: string): NewFile {
  return { name, content, mode: 0o644 };
}

/**
 * Writes files that belong together: all of them or none. A file that is there stays as it is unless
 * `replace` is set; then it is never missing in between. Only a process that is killed between two
 * renames leaves new files beside old ones.
 *
 * @throws ECRPS_FILE_EXISTS that names the file and says what to do
 * @throws ECRPS_FILE_UNUSABLE with the system's words
 */
export async function writeFileSet(
  directory: string,
  files: readonly NewFile[],
  { replace }: { readonly replace: boolean },
): Promise<void> {
  await attempt(directory, async () => {
    await mkdir(directory, { recursive: true });
    const staging = await mkdtemp(join(directory, '.new-'));
    try {
      await stage(staging, files);
      await putInPlace(directory, staging, { files, replace });
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  });
}

/**
 * Reads a text file of certificates or a key, never more than a set of them can have.
 *
 * @throws ECRPS_FILE_UNUSABLE with the system's words, or with the size that is too large
 */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readPemFile(path);
  } catch (error) {
    throw createError('ECRPS_FILE_UNUSABLE', `reading ${path}`, error);
  }
}

/** Everything that takes space is written here, so a full disk is found before anything changes. */
async function stage(staging: string, files: readonly NewFile[]): Promise<void> {
  for (const { name, content, mode } of files)
    await writeFile(join(staging, name), content, { mode, flag: 'wx', flush: true });
}

async function putInPlace(
  directory: string,
  staging: string,
  { files, replace }: { readonly files: readonly NewFile[]; readonly replace: boolean },
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const { name, mode } of files) {
      const path = join(directory, name);
      const old = join(staging, `${name}.old`);
      if (replace && (await keepCopy(path, old))) undo.push(() => rename(old, path));
      else {
        await reserve(path, mode);
        undo.push(() => rm(path, { force: true }));
      }
    }
    for (const { name } of files) await rename(join(staging, name), join(directory, name));
  } catch (error) {
    for (const step of undo.toReversed()) await step().catch(() => undefined);
    throw error;
  }
}

/** @returns whether there was anything */
async function keepCopy(path: string, copy: string): Promise<boolean> {
  try {
    await copyFile(path, copy, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

/** O_EXCL: of two runs at once, one finds the file taken. */
async function reserve(path: string, mode: number): Promise<void> {
  try {
    const handle = await open(path, 'wx', mode);
    await handle.close();
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
    const advice = 'choose another --out, or give --force to replace it';
    throw createError('ECRPS_FILE_EXISTS', `${path} is there already: ${advice}`);
  }
}

/** The system's errors name the file by themselves. */
async function attempt(directory: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (isCodedError(error, 'ECRPS_FILE_EXISTS')) throw error;
    throw createError('ECRPS_FILE_UNUSABLE', `writing into ${directory}`, error);
  }
}
