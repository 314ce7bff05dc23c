import { parseAllDocuments } from 'yaml';

/** What a page shows as code. */
export interface PageCode {
  /** The texts in backticks within sentences and tables. */
  readonly spans: readonly string[];
  /** Commands: the lines of indented blocks and of fences of a shell, with continued lines joined. */
  readonly commands: readonly string[];
  /** The documents in fences of YAML. */
  readonly documents: readonly unknown[];
}

const FENCE = /^( *)```(\w*)\n([^]*?)^ *```$/gm;
const INDENTED = /(?<=\n\n)(?:(?: {4}.*)?\n)+/g;
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'shell', 'console']);

/** Separates the code of a page from its prose. */
export function codeOf(page: string): PageCode {
  const fences = [...page.matchAll(FENCE)].map(([, indentation = '', language = '', text = '']) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
  }));
  const prose = page.replaceAll(FENCE, '');
  const blocks = [...prose.matchAll(INDENTED)].map(([text]) => text);
  const shells = fences.filter(({ language }) => SHELLS.has(language)).map(({ text }) => text);
  const inline = prose.replaceAll(INDENTED, '\n').matchAll(/(?<!`)`([^`\n]+)`(?!`)/g);
  return {
    spans: [...inline].map(([, span = '']) => span.replaceAll('\\|', '|')),
    commands: [...blocks, ...shells].flatMap(linesOf),
    documents: fences
      .filter(({ language }) => language === 'yaml')
      .flatMap(({ text }) => parseAllDocuments(text).map((document): unknown => document.toJS())),
  };
}

function linesOf(script: string): readonly string[] {
  const lines = script.replaceAll(/\\\n\s*/g, '').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}
