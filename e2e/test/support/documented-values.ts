import { readFile } from 'node:fs/promises';

/**
 * The first YAML block below a heading of a page.
 *
 * @param page - such as `aws.md`
 * @throws if there is none
 */
export async function readDocumentedValues(page: string, heading: string): Promise<string> {
  const text = await readFile(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const [, section] = text.split(`# ${heading}\n`);
  const [, yaml] = /^```yaml\n([^]*?)^```$/m.exec(section ?? '') ?? [];
  if (yaml === undefined) throw new Error(`${page} has no YAML below "${heading}"`);
  return yaml;
}
