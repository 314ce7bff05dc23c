import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { builtBundle } from '@ecr-pull-secrets/testbed/playground/built-bundle.ts';
import { startGuardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { launchProcess } from './support/launched-process.ts';

/** In the environment, hence in the memory, of the process. */
const SECRET = 'a-token-that-no-one-else-may-read';

/** Another process may have the inspector's usual port. */
const NODE_OPTIONS = '--inspect-port=0';

/** Where the kernel puts core dumps: a name in the process's folder, or else a path or a program. */
const corePattern = (await readFile('/proc/sys/kernel/core_pattern', 'utf8')).trim();
const isElsewhere = /[|/]/.test(corePattern);
const skip = isElsewhere && `the kernel's core_pattern is ${corePattern}, so the dump cannot be read`;

/** A state of sockets in `/proc/net/tcp`. */
const LISTENS = '0A';

const execute = promisify(execFile);

const guardian = await startGuardian();
t.teardown(() => guardian.close());
const { directory } = guardian;
const entry = await builtBundle();

for (const command of ['webhook', 'renewer'] as const) {
  t.test(command, async (t) => {
    // The webhook lives without a certificate, and the renewer without a configuration.
    const environment = { TLS_DIR: directory, AWS_SECRET_ACCESS_KEY: SECRET, NODE_OPTIONS };
    const running = await launchProcess({ guardian, entry, command, environment, probe: 'livez' });

    await t.test('SIGUSR1 neither opens the inspector nor ends the process', async (t) => {
      const before = await listeners(running.pid);
      t.equal(before.length, 1, 'its own port');
      const control = await startControl(t);
      t.strictSame(await listeners(control.pid), []);
      process.kill(running.pid, 'SIGUSR1');
      process.kill(control.pid, 'SIGUSR1');
      t.match(String(await control.announced), /Debugger listening/);
      t.equal((await listeners(control.pid)).length, 1, 'without the flag a process opens it');
      t.match(await running.metrics(), 'process_resident_memory_bytes');
      t.strictSame(await listeners(running.pid), before);
      t.notMatch(await running.log(), 'Debugger');
    });

    await t.test('the kernel dumps no memory', async (t) => {
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

/** A process of the same Node without the flag. */
async function startControl(t: Test): Promise<{ pid: number; announced: Promise<unknown[]> }> {
  const child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1_000)'], {
    env: { NODE_OPTIONS },
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return { pid: child.pid ?? 0, announced: once(child.stderr, 'data') };
}

/** The sockets on which a process listens. */
async function listeners(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const files = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  const tables = ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8'));
  const rows = (await Promise.all(tables)).flatMap((table) => table.trim().split('\n').slice(1));
  const sockets = rows.map((row) => row.trim().split(/\s+/));
  return sockets
    .filter(([, , , state, , , , , , inode]) => state === LISTENS && files.includes(`socket:[${inode}]`))
    .map(([, address = '']) => address);
}

async function coreOf(pid: number): Promise<string> {
  const cores = (await readdir(directory)).filter((name) => name.startsWith('core'));
  // One has the number of its process, if the kernel is set so.
  const core = cores.find((name) => name.endsWith(`.${pid}`)) ?? cores[0];
  assert(core, 'the kernel writes a core dump');
  return join(directory, core);
}
