import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { builtBundle } from '../src/playground/built-bundle.ts';
import { startGuardian } from '../src/local-cluster/guardian.ts';
import { launchProcess } from './support/launched-process.ts';

/** In the environment, hence in the memory, of the process. */
const SECRET = 'a-token-that-nobody-else-may-read';

/** Where the kernel puts core dumps: a name in the process's folder, or else a path or a program. */
const corePattern = (await readFile('/proc/sys/kernel/core_pattern', 'utf8')).trim();
const isElsewhere = /[|/]/.test(corePattern);
const skip =
  isElsewhere && `the kernel's core_pattern is ${corePattern}, so the dump cannot be read`;

const execute = promisify(execFile);

const guardian = await startGuardian();
t.teardown(() => guardian.close());
const { directory } = guardian;
const entry = await builtBundle();

for (const command of ['webhook', 'renewer'] as const) {
  t.test(command, async (t) => {
    // The webhook lives without a certificate, and the renewer without a configuration.
    const environment = { TLS_DIR: directory, AWS_SECRET_ACCESS_KEY: SECRET };
    const running = await launchProcess({ guardian, entry, command, environment, probe: 'livez' });

    await t.test('SIGUSR1 neither opens the inspector nor ends the process', async (t) => {
      process.kill(running.pid, 'SIGUSR1');
      t.match(await running.metrics(), 'process_resident_memory_bytes');
      t.notMatch(await running.log(), 'Debugger');
    });

    await t.test('the kernel is told to dump no memory', async (t) => {
      t.match(await readFile(`/proc/${running.pid}/environ`, 'utf8'), SECRET);
      t.equal(await readFile(`/proc/${running.pid}/coredump_filter`, 'utf8'), '00000000\n');
    });

    await t.test('a core dump holds no memory', { skip }, async (t) => {
      await execute('prlimit', [`--pid=${running.pid}`, '--core=unlimited']);
      // As V8 does if it runs out of heap.
      process.kill(running.pid, 'SIGABRT');
      t.equal(await running.ended, 'SIGABRT');
      const core = await coreOf(running.pid);
      const dump = await readFile(core);
      await rm(core);
      t.ok(dump.length > 0);
      t.notOk(dump.includes(SECRET));
    });
  });
}

async function coreOf(pid: number): Promise<string> {
  const cores = (await readdir(directory)).filter((name) => name.startsWith('core'));
  // One has the number of its process, if the kernel is set so.
  const core = cores.find((name) => name.endsWith(`.${pid}`)) ?? cores[0];
  assert(core, 'the kernel writes a core dump');
  return join(directory, core);
}
