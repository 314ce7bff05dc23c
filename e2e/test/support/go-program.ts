import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';

const MODULE = fileURLToPath(new URL('../../go', import.meta.url));

/** A program of `e2e/go`. */
export interface GoProgram {
  /**
   * Runs it to its end, or to the end of the test.
   *
   * @param input - what it reads
   * @returns the JSON that it printed, which the program's own source defines
   * @throws if it failed
   */
  run<Result>(args: readonly string[], input?: AsyncIterable<string>): Promise<Result>;
}

/**
 * Builds a program of `e2e/go`, whose module has no dependencies, so that nothing is fetched; or of another module.
 *
 * @throws if there is no Go on PATH, or with Go's output if the build fails
 */
export async function buildGoProgram(t: Test, name: string, module = MODULE): Promise<GoProgram> {
  const program = join(t.testdir(), name);
  // Flags and a workspace of a person's own would build something else. (Empty would mean unset.)
  const flags = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-o', program, `./${name}`], {
    cwd: module,
    env: { ...process.env, ...flags },
  });

  return {
    run: async (args, input = Readable.from([])) => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      t.teardown(() => child.kill('SIGKILL'));
      const [output, [exitCode]] = await Promise.all([
        text(child.stdout),
        once(child, 'exit'),
        pipeline(input, child.stdin),
      ]);
      if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}`);
      return JSON.parse(output);
    },
  };
}
