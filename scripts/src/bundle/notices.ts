import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Names under which packages ship the text of their licence. */
const LICENCE_FILE = /^(licen[cs]e|notice|copying)(\.|-|$)/i;

/** The part of a path that is a package's folder, the innermost one. */
const PACKAGE_FOLDER = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

const HEAD = 'ecr-pull-secrets contains code of these packages, under the licences that follow each list.';
const RULE = '='.repeat(80);

/**
 * The notices that the licences of bundled packages require: names, versions and licences, and each
 * text that the packages ship once.
 *
 * @param inputs - paths of all bundled files, as esbuild's metafile has them
 * @param root - what they are relative to
 * @throws if a bundled package says nothing about its licence
 */
export async function thirdPartyNotices(inputs: readonly string[], root: string): Promise<string> {
  const folders = new Set(inputs.flatMap((path) => PACKAGE_FOLDER.exec(path)?.[1] ?? []));
  const packages = await Promise.all([...folders].map((folder) => readNotice(join(root, folder))));
  const groups = Map.groupBy(packages, ({ text }) => text);
  const blocks = [...groups].map(([text, members]) => {
    const titles = [...new Set(members.map(({ title }) => title))].toSorted();
    return `${RULE}\n${titles.join('\n')}\n\n${text}`;
  });
  return `${[HEAD, ...blocks.toSorted()].join('\n\n').trimEnd()}\n`;
}

interface EventContent {
  readonly title: string;
  readonly text: string;
}

async function readNotice(folder: string): Promise<EventContent> {
  const manifest: { name?: string; version?: string; license?: string } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  );
  const { name = '', version = '', license } = manifest;
  if (!license) throw new Error(`${name} ${version} names no licence`);
  const files = (await readdir(folder)).filter((file) => LICENCE_FILE.test(file)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return {
    title: `${name} ${version} (${license})`,
    text: texts.map((text) => text.trim()).join('\n\n') || `The package ships no text of ${license}.`,
  };
}
