import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** More than the 64 KiB that a pipe holds; the error quotes it. */
const WRONG = 'A'.repeat(100_000);

t.test('a late reader gets the complete output', (t) => {
  // It begins to read after the process has written everything, unless the machine is slow.
  const commandLine = '"$NODE" "$MAIN" 2>&1 | { sleep 2; cat; }';
  const { stdout } = spawnSync('sh', ['-c', commandLine], {
    env: { PATH: process.env['PATH'], NODE: process.execPath, MAIN, TARGET_NAMESPACE: WRONG },
    encoding: 'utf8',
  });
  t.match(stdout, new RegExp(`TARGET_NAMESPACE="${WRONG}"`));
  t.match(stdout, /\[ECRPS_CONFIGURATION_INVALID\]\n$/);
  t.end();
});
