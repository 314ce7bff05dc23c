import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is in a folder, by path: each file's mode, time of change (s) and a hash of what is in it. */
export async function filesIn(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder, { recursive: true })).toSorted();
  const entries = names.map(async (name) => {
    const path = join(folder, name);
    const status = await lstat(path);
    if (!status.isFile()) return undefined;
    const hash = createHash('sha256').update(await readFile(path));
    const mode = (status.mode & 0o7777).toString(8);
    return [name, `${mode} ${Math.floor(status.mtimeMs / 1000)} ${hash.digest('hex')}`] as const;
  });
  return Object.fromEntries((await Promise.all(entries)).filter((entry) => entry !== undefined));
}
