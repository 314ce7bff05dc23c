import { chmod, mkdir, mkdtemp, readdir, readFile, readlink } from 'node:fs/promises';
import { rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file of a volume. */
export interface VolumeFile {
  readonly content: Buffer;
  readonly mode: number;
}

/** Files by their path inside the volume. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>;

const DATA_LINK = '..data';
const NEW_DATA_LINK = '..data_tmp';

/**
 * Makes the folder hold exactly these files, all switched at one instant: they lie in a folder of
 * their own, `..data` is a symlink to it that is replaced by a rename, and each visible name is a
 * symlink through `..data`. Nothing is written if nothing changed.
 * Source: kubernetes `pkg/volume/util/atomic_writer.go`.
 *
 * @returns whether anything was written
 */
export async function writeAtomically(folder: string, files: VolumeFiles): Promise<boolean> {
  for (const path of files.keys()) checkPath(path);
  const current = await readlink(join(folder, DATA_LINK)).catch(() => undefined);
  if (current !== undefined && (await holds(join(folder, current), files))) return false;

  const next = await mkdtemp(join(folder, `..${timestamp(new Date())}.`));
  await chmod(next, 0o755);
  await writeFiles(next, files);
  await rm(join(folder, NEW_DATA_LINK), { force: true });
  await symlink(next.slice(folder.length + 1), join(folder, NEW_DATA_LINK));
  await rename(join(folder, NEW_DATA_LINK), join(folder, DATA_LINK));

  await linkVisibleNames(folder, files);
  if (current !== undefined) await rm(join(folder, current), { recursive: true, force: true });
  return true;
}

/** A user's path must stay inside the volume and not look like our own files. */
function checkPath(path: string): void {
  const parts = path.split('/');
  if (path === '' || path.startsWith('..') || parts.includes('..') || parts.includes('')) {
    throw new Error(`invalid path of a file in a volume: ${JSON.stringify(path)}`);
  }
}

/** As kubelet names them, so that a listing looks familiar. */
function timestamp(date: Date): string {
  return date.toISOString().slice(0, 19).replace(/[-T:]/g, '_');
}

async function holds(folder: string, files: VolumeFiles): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.filter((entry) => entry.isFile()).length !== files.size) return false;
  for (const [path, { content }] of files) {
    const old = await readFile(join(folder, path)).catch(() => undefined);
    if (!old?.equals(content)) return false;
  }
  return true;
}

async function writeFiles(folder: string, files: VolumeFiles): Promise<void> {
  for (const [path, { content, mode }] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
    // The mode of writeFile is cut by the umask; a volume's is exact.
    await chmod(join(folder, path), mode);
  }
}

async function linkVisibleNames(folder: string, files: VolumeFiles): Promise<void> {
  const wanted = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path));
  const present = (await readdir(folder)).filter((name) => !name.startsWith('..'));
  for (const name of wanted) {
    if (!present.includes(name)) await symlink(join(DATA_LINK, name), join(folder, name));
  }
  for (const name of present) if (!wanted.has(name)) await rm(join(folder, name));
}
