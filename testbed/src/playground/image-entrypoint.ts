import { readFile } from 'node:fs/promises';

const DOCKERFILE = new URL('../../../Dockerfile', import.meta.url);

/**
 * The image's `ENTRYPOINT`, with the Node of this process and another bundle in place of the image's.
 *
 * @param entry - path of the bundle's entry
 * @throws if the Dockerfile has no such instruction
 */
export async function imageEntrypoint(entry: string): Promise<readonly string[]> {
  const dockerfile = await readFile(DOCKERFILE, 'utf8');
  const [, words = ''] = /^ENTRYPOINT (.+)$/m.exec(dockerfile) ?? [];
  const [, ...rest]: readonly string[] = JSON.parse(words);
  const options = rest.slice(0, -1);
  return [process.execPath, ...options, entry];
}
