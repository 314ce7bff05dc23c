import type { ChartValue } from './values.ts';

const TABLE_HEAD = '| value | default | meaning |\n|---|---|---|';

/** Pages that a description names. */
const PAGE = /(?<![\w/])(?:docs\/[\w-]+|SECURITY)\.md(?:#[\w-]+)?/g;

/**
 * The values as tables in Markdown, one for each section.
 *
 * @param pages - the address of the folder that contains SECURITY.md and docs/
 */
export function valuesTables(values: readonly ChartValue[], pages: string): string {
  const paths = new Set(values.map(({ path }) => path));
  const lines = values.flatMap(({ path, defaultValue, comment, heading: [title, ...sentences] }) => {
    const description = toMarkdown(sentences.join(' '), paths, pages);
    const section = title === undefined ? [] : ['', `### ${title}`, '', description, '', TABLE_HEAD];
    const shown = defaultValue === undefined ? '' : code(defaultValue);
    return [...section, `| ${code(path)} | ${shown} | ${toMarkdown(toCell(comment), paths, pages)} |`];
  });
  return lines.join('\n').trim();
}

/** Values become code, and pages links. Characters with a meaning in Markdown are escaped. Code stays as it is. */
function toMarkdown(text: string, paths: ReadonlySet<string>, pages: string): string {
  const parts = text.split(/(`[^`]*`|<br>)/).map((part, index) => {
    if (index % 2 === 1) return part;
    const escaped = part.replaceAll('<', '&lt;').replaceAll('*', '\\*');
    // A single word may be an ordinary one.
    const named = escaped.replaceAll(/(?<![\w./])[a-z]+(?:[A-Z.][a-zA-Z]+)+(?![\w/])/g, (word) =>
      paths.has(word) ? `\`${word}\`` : word,
    );
    return named.replaceAll(PAGE, `[$&](${pages}/$&)`);
  });
  return parts.join('');
}

/** One paragraph; lines that are set in further are an example and keep their form. */
function toCell(comment: readonly string[]): string {
  const lines = comment.map((line, index) => {
    const text = line.trim();
    if (isExample(line)) return `<br>${code(text)}`;
    return `${isExample(comment[index - 1]) ? '<br>' : ' '}${text}`;
  });
  return lines.join('').trim();
}

function isExample(line = ''): boolean {
  return /^ {2,}/.test(line);
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
