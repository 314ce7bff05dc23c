import { cp, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * Copies what a builder would be sent of a folder, by its `.dockerignore`: the last pattern that fits a
 * path or a folder above it counts.
 */
export async function copyBuildContext(root: string, destination: string): Promise<void> {
  const rules = readRules(await readFile(join(root, '.dockerignore'), 'utf8'));
  await cp(root, destination, {
    recursive: true,
    filter: async (source) => {
      const path = relative(root, source);
      if (path === '' || isIncluded(rules, path)) return true;
      return mayHold(rules, path) && (await stat(source)).isDirectory();
    },
  });
}

interface Rule {
  readonly path: string;
  readonly expression: RegExp;
  readonly includes: boolean;
}

function readRules(text: string): readonly Rule[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const path = line.replace(/^!/, '');
    const parts = path.split('/').map((part) => (part === '**' ? '(?:.*/)?' : toExpression(part)));
    // The folder of `**/x` brings its own slash.
    const source = parts.join('/').replaceAll('(?:.*/)?/', '(?:.*/)?');
    return { path, expression: new RegExp(`^${source}(?:/.*)?$`), includes: path !== line };
  });
}

function toExpression(part: string): string {
  return part.replaceAll(/[.+?^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '[^/]*');
}

function isIncluded(rules: readonly Rule[], path: string): boolean {
  return rules.findLast(({ expression }) => expression.test(path))?.includes ?? true;
}

/** Whether something in an excluded folder is included by name. */
function mayHold(rules: readonly Rule[], folder: string): boolean {
  return rules.some(({ path, includes }) => includes && path.startsWith(`${folder}/`));
}
