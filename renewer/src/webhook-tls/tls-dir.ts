import { mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const DATA_LINK = '..data';
const NEW_LINK = '..new-link';
const VERSION_PREFIX = '..version-';

/** Both containers run as one user, and no other may read the key. `mkdtemp` makes folders 0700. */
const FILE_MODE = 0o600;

/**
 * Writes the files so that they appear together, by the scheme of kubelet's AtomicWriter
 * (kubernetes pkg/volume/util/atomic_writer.go):
 *
 *     tls.crt    -> ..data/tls.crt
 *     tls.key    -> ..data/tls.key
 *     ..data     -> ..version-Xf3kQz        switched by one rename
 *     ..version-Xf3kQz/{tls.crt,tls.key}    written before, never changed after
 *
 * A reader that resolves `..data` once and reads all files beneath it has files of one version, or
 * ENOENT if that version was removed meanwhile: then it tries again. One that opens `tls.crt` and
 * `tls.key` by their own paths may have a switch between the two, and must check that they match.
 *
 * Files that are no longer passed disappear; what others have in the directory stays. One writer at
 * a time. A call after a crash at any point repairs what was left. Nothing is synced to disk: the
 * directory is a memory volume, which does not outlive the pod.
 *
 * @param files plain file names and their contents
 * @throws the file system's own error; the version in place stays in place
 */
export async function writeTlsFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  await removeOtherVersions(directory, await linkTarget(join(directory, DATA_LINK)));

  const version = await mkdtemp(join(directory, VERSION_PREFIX));
  for (const [name, content] of Object.entries(files))
    await writeFile(join(version, name), content, { mode: FILE_MODE });
  await switchLink(directory, DATA_LINK, basename(version));

  await linkFiles(directory, Object.keys(files));
  await removeOtherVersions(directory, basename(version));
}

/** Makes the links at the usual paths, and removes those of files that are gone. */
async function linkFiles(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const target = join(DATA_LINK, name);
    if ((await linkTarget(join(directory, name))) !== target) await switchLink(directory, name, target);
  }
  for (const name of await readdir(directory)) {
    const isOurs = (await linkTarget(join(directory, name))) === join(DATA_LINK, name);
    if (isOurs && !names.includes(name)) await rm(join(directory, name));
  }
}

/** Points a link at the target in one step, whether or not there was one before. */
async function switchLink(directory: string, name: string, target: string): Promise<void> {
  const newLink = join(directory, NEW_LINK);
  await rm(newLink, { force: true });
  await symlink(target, newLink);
  await rename(newLink, join(directory, name));
}

async function removeOtherVersions(directory: string, current: string | undefined): Promise<void> {
  for (const name of await readdir(directory))
    if (name.startsWith(VERSION_PREFIX) && name !== current)
      await rm(join(directory, name), { recursive: true, force: true });
}

/** Where the link points; `undefined` if there is nothing or no link. */
async function linkTarget(path: string): Promise<string | undefined> {
  return await readlink(path).catch(() => undefined);
}
