import { readdir, readFile } from 'node:fs/promises';

/** The pages with commands for users, by their paths. */
export async function readReleasePages(root: URL): Promise<Readonly<Record<string, string>>> {
  const docs = (await readdir(new URL('docs', root))).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', 'chart/README.md', ...docs.map((name) => `docs/${name}`)];
  const texts = await Promise.all(
    paths.map(async (path) => [path, await readFile(new URL(path, root), 'utf8')] as const),
  );
  return Object.fromEntries(texts);
}
