import type { ChartValue } from './values.ts';

/** The values as a table in Markdown. */
export function valuesTable(values: readonly ChartValue[]): string {
  // A group says something only if it has a comment.
  const described = values.filter(({ defaultValue, comment }) => defaultValue ?? comment.length);
  const rows = described.map(({ path, defaultValue, comment }) => {
    const shown = defaultValue === undefined ? '' : code(defaultValue);
    return `| ${code(path)} | ${shown} | ${toCell(comment)} |`;
  });
  return ['| value | default | meaning |', '|---|---|---|', ...rows].join('\n');
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
