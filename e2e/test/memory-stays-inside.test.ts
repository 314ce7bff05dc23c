import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { startWebhookProcess } from './support/webhook-process.ts';

/** In the environment, hence in the memory, of the process. */
const SECRET = 'a-token-that-nobody-else-may-read';

const execute = promisify(execFile);

const webhook = await startWebhookProcess({ SECRET });
t.teardown(() => webhook.close());

t.test('SIGUSR1 neither opens the inspector nor ends the process', async (t) => {
  process.kill(webhook.pid, 'SIGUSR1');
  t.match(await webhook.metrics(), 'process_resident_memory_bytes');
  t.notMatch(await webhook.log(), 'Debugger');
});

t.test('a core dump holds no memory', async (t) => {
  t.match(await readFile(`/proc/${webhook.pid}/environ`, 'utf8'), SECRET);
  t.equal(await readFile(`/proc/${webhook.pid}/coredump_filter`, 'utf8'), '00000000\n');

  await execute('prlimit', [`--pid=${webhook.pid}`, '--core=unlimited']);
  // As V8 does if it runs out of heap.
  process.kill(webhook.pid, 'SIGABRT');
  t.equal(await webhook.ended, 'SIGABRT');
  const pattern = await readFile('/proc/sys/kernel/core_pattern', 'utf8');
  if (/[|/]/.test(pattern)) return t.comment(`the core dump is elsewhere: ${pattern.trim()}`);
  const core = (await readdir(webhook.directory)).find((name) => name.startsWith('core'));
  assert(core, 'the kernel writes a core dump');
  const dump = await readFile(join(webhook.directory, core));
  t.ok(dump.length > 0);
  t.notOk(dump.includes(SECRET));
});
