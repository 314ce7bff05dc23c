import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_PEM_BYTES } from './pem.ts';

/**
 * Reads a file of certificates or a key. It reads no more than a set of them can have, whatever the
 * file is: `/dev/zero` too.
 *
 * @throws the system's error, or an Error that says that the file is too large
 */
export async function readPemFile(path: string): Promise<string> {
  const chunks: Buffer[] = await createReadStream(path, { end: MAX_PEM_BYTES }).toArray();
  const content = Buffer.concat(chunks);
  if (content.length > MAX_PEM_BYTES) {
    throw new Error(`it is larger than ${MAX_PEM_BYTES / 1024} KiB`);
  }
  return content.toString('utf8');
}

/**
 * The directory that holds one generation of files that are replaced together: kubelet and the renewer
 * switch a `..data` link, which must be resolved once for all of them.
 */
export async function currentVersion(directory: string): Promise<string> {
  return await realpath(join(directory, '..data')).catch(() => directory);
}
