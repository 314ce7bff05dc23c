import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));

/** Folders with files of other authors, or with the results of a command. */
const IGNORED: ReadonlySet<string> = new Set(['node_modules', '.git', '.tap', 'dist', 'fixtures']);

/** The paths of our files, from the root of the checkout, with `/`. */
export async function listFiles(folder = CHECKOUT): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(
    entries.map(async (entry) => {
      if (IGNORED.has(entry.name)) return [];
      const path = join(folder, entry.name);
      return entry.isDirectory() ? listFiles(path) : [relative(CHECKOUT, path)];
    }),
  );
  return nested.flat().toSorted();
}

/** The text of a file of the checkout. */
export function readText(path: string): Promise<string> {
  return readFile(join(CHECKOUT, path), 'utf8');
}

/** The texts of all pages, by their paths. */
export async function readPages(): Promise<ReadonlyMap<string, string>> {
  const paths = (await listFiles()).filter((path) => path.endsWith('.md'));
  return new Map(await Promise.all(paths.map(async (path) => [path, await readText(path)] as const)));
}
