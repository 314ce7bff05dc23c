import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** @returns the exit code, or 1 if a signal ended it */
export async function runTap(checkout: string, args: readonly string[]): Promise<number> {
  const program = join(checkout, 'node_modules', '.bin', 'tap');
  const child = spawn(process.execPath, [program, ...args], {
    cwd: checkout,
    env: {
      ...process.env,
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
