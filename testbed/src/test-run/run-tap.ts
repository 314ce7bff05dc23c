import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * Makes tap's hooks in each process skip all files. Otherwise they record each loaded file with its source map, for
 * the coverage and for `tap --changed`, which this project does not use. That takes a quarter of the CPU of the unit
 * tests. tap sets the variable for a test file, so it must be set inside the process, before the hooks read it.
 */
const RECORD_NO_FILES = "--import=data:text/javascript,process.env._TAPJS_PROCESSINFO_EXCLUDE_='/./'";

/** @returns the exit code, or 1 if a signal ended it */
export async function runTap(checkout: string, args: readonly string[]): Promise<number> {
  const program = join(checkout, 'node_modules', '.bin', 'tap');
  const child = spawn(process.execPath, [program, ...args], {
    cwd: checkout,
    env: {
      ...process.env,
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} ${RECORD_NO_FILES}`.trim(),
      // Each test file is a process of its own, and all load the same packages.
      NODE_COMPILE_CACHE: join(checkout, 'node_modules', '.cache', 'compiled'),
    },
    stdio: 'inherit',
  });
  // A terminal sends SIGINT to tap too, and this process has to outlive tap to return its exit code.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
