import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const FLOOD = fileURLToPath(new URL('flood.ts', import.meta.url));

t.test('a log without a reader neither blocks the process nor fills its memory', async (t) => {
  const child = spawn(process.execPath, [FLOOD], { stdio: 'pipe' });
  t.teardown(() => child.kill('SIGKILL'));
  // Its standard output is read only after it has reported that it continues.
  const [said]: unknown[] = await once(child.stderr, 'data', {
    signal: AbortSignal.timeout(20_000),
  });
  const waiting = Number(String(said));
  t.ok(waiting > 0 && waiting < 1.1 * 1024 * 1024, `${waiting} bytes wait`);

  const text = child.stdout.setEncoding('utf8').toArray();
  child.stdin.write('go on');
  const lines = (await text).join('').trimEnd().split('\n');
  const [last, notice] = [lines.pop(), lines.pop()].map((line) => JSON.parse(line ?? ''));
  t.match(last, { msg: 'after the flood' });
  t.match(notice, { level: 'error', msg: /dropped/ });
  t.equal(lines.length + notice.lines, 10_000, 'each line is written or counted as dropped');
});
