import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A command, or several in one block, as a page shows it. */
export interface DocumentedCommand {
  /** The page's path in the repository. */
  readonly page: string;
  /** What a person copies: a script for bash. */
  readonly script: string;
}

const ROOT = new URL('../../../', import.meta.url);

/** What other fences hold is data, and what has none of these words is a drawing. */
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'shell', 'console']);

/** The checkout, in which what the commands name by a relative path is found. */
export const CHECKOUT = fileURLToPath(ROOT);

/** All commands of README.md, the chart's README and docs/, each text once, page by page. */
export async function readDocumentedCommands(): Promise<readonly DocumentedCommand[]> {
  const docs = (await readdir(new URL('docs', ROOT))).filter((name) => name.endsWith('.md'));
  const pages = [
    'README.md',
    'chart/README.md',
    '.github/ISSUE_TEMPLATE/bug.md',
    ...docs.toSorted().map((name) => `docs/${name}`),
  ];
  const commands = new Map<string, DocumentedCommand>();
  for (const page of pages) {
    const text = await readFile(new URL(page, ROOT), 'utf8');
    for (const script of scriptsIn(text)) {
      if (!commands.has(script)) commands.set(script, { page, script });
    }
  }
  return [...commands.values()];
}

/** Of a page or a part of it: indented blocks, fences of a shell, and whole commands inside a sentence, in order. */
export function scriptsIn(page: string): readonly string[] {
  const pattern = new RegExp(
    [
      /^```(?<language>\w*)\n(?<fenced>[^]*?)^```$/.source,
      /(?<=\n\n)(?<indented>(?: {4}.*\n)+)/.source,
      // With fewer words it is a command's name.
      /`(?<inline>(?:kubectl|helm|ecr-pull-secrets)(?: [^` ]+){3,})`/.source,
    ].join('|'),
    'gm',
  );
  return [...page.matchAll(pattern)].flatMap(({ groups = {} }) => {
    const { language = '', fenced, indented, inline } = groups;
    if (indented !== undefined) return unindent(indented);
    if (inline !== undefined) return inline.replaceAll('\\|', '|');
    return SHELLS.has(language) ? (fenced ?? '').trim() : [];
  });
}

function unindent(block: string): string {
  const [indentation = ''] = /^ */.exec(block) ?? [];
  return block.replaceAll(new RegExp(`^${indentation}`, 'gm'), '').trim();
}
