import { readdir, readFile } from 'node:fs/promises';

const ROOT = new URL('../../../', import.meta.url);

/** The heading of the complete file in docs/aws.md. */
export const THREE_ACCOUNTS = 'A complete file: three accounts, two regions';

/** A fenced block of a page. */
export interface DocumentedBlock {
  /** The page's path in the repository. */
  readonly page: string;
  /** The nearest heading above it. */
  readonly heading: string;
  readonly text: string;
}

/** The blocks of one language on all pages, in order. */
export async function readDocumentedBlocks(language: 'json' | 'yaml'): Promise<readonly DocumentedBlock[]> {
  const docs = (await readdir(new URL('docs', ROOT))).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', 'chart/README.md', ...docs.toSorted().map((name) => `docs/${name}`)];
  const blocks = await Promise.all(
    pages.map(async (page) => blocksOf(page, await readFile(new URL(page, ROOT), 'utf8'), language)),
  );
  return blocks.flat();
}

function blocksOf(page: string, content: string, language: string): readonly DocumentedBlock[] {
  const pattern = /^#+ (?<title>.+)$|^```(?<fence>\w*)\n(?<text>[^]*?)^```$/gm;
  let heading = '';
  return [...content.matchAll(pattern)].flatMap(({ groups = {} }) => {
    heading = groups['title'] ?? heading;
    return groups['fence'] === language ? [{ page, heading, text: groups['text'] ?? '' }] : [];
  });
}

/**
 * The first YAML block below a heading of a page.
 *
 * @throws if there is none
 */
export async function readDocumentedValues(page: string, heading: string): Promise<string> {
  const blocks = await readDocumentedBlocks('yaml');
  const block = blocks.find((candidate) => candidate.page === page && candidate.heading === heading);
  if (!block) throw new Error(`${page} has no YAML below "${heading}"`);
  return block.text;
}
