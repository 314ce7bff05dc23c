import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench } from '../row.ts';

const MODULE = fileURLToPath(new URL('../../go', import.meta.url));

/**
 * Builds a program of `bench/go`, by the standard library alone.
 *
 * @returns its path
 * @throws if there is no Go on PATH
 */
export async function buildGoProgram({ guardian }: Bench, name: string): Promise<string> {
  const program = join(guardian.directory, name);
  // Flags and a workspace of a person's own would build something else. (Empty would mean unset.)
  const flags = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-o', program, `./${name}`], {
    cwd: MODULE,
    env: { ...process.env, ...flags },
  });
  return program;
}
