import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { GO_ENVIRONMENT } from '@ecr-pull-secrets/testbed/local-cluster/go-environment.ts';
import { findProcesses } from '@ecr-pull-secrets/testbed/local-cluster/remains.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { until } from '@ecr-pull-secrets/testbed/testing/processes.ts';

const DEMO = fileURLToPath(new URL('../src/demo/main.ts', import.meta.url));

async function runDemo(environment: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // One that hangs must not outlive the test.
    timeout: 120_000,
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code };
}

interface RunningDemo {
  /** The only place where it leaves files. */
  readonly temporaryFolder: string;
  /** What it has said so far. */
  stdout(): string;
  /** Sends a signal to all of its process group, as a terminal does, and waits for its end. */
  interrupt(signal: NodeJS.Signals): Promise<number | null>;
}

function startDemo(t: Test, ...args: readonly string[]): RunningDemo {
  const temporaryFolder = t.testdir();
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, TMPDIR: temporaryFolder },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  return {
    temporaryFolder,
    stdout: () => said,
    interrupt: async (signal) => {
      const closed = once(child, 'close');
      process.kill(-pidOf(child), signal);
      await closed;
      return child.exitCode;
    },
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('it could not be started');
  return pid;
}

/** The last line that the demo prints before it waits. */
const END = 'Ctrl-C here ends it';

/** The environment that the demo recommends, and the commands. */
function recommendedBy(demo: RunningDemo) {
  const stdout = demo.stdout();
  assert.ok(stdout.includes(END), stdout);
  const [, kubeconfig = '', path = ''] = /export KUBECONFIG=(\S+) PATH="\$PATH:(.+)"\n/.exec(stdout) ?? [];
  const commands = [...stdout.matchAll(/^ {2}((?:kubectl|helm) .*)$/gm)].map(([, command = '']) => command);
  return { kubeconfig, path, commands };
}

/** Without what differs in each run. */
function stableLines(output: string): readonly string[] {
  const times = /\(\d+\.\d s\)|after \d+ ms|\d{4}-\d\d-\S+Z|1[12]\.\d h/g;
  return output
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(times, '…').trimEnd());
}

/** The folder of the demo's cluster, once it has processes. */
async function clusterFolder({ temporaryFolder }: RunningDemo): Promise<string> {
  let directory = '';
  await until(async () => {
    const [name] = readdirSync(temporaryFolder);
    if (!name) return false;
    directory = join(temporaryFolder, name);
    return (await findProcesses(directory)).length > 0;
  });
  return directory;
}

t.test('the demo with --keep', async (t) => {
  const demo = startDemo(t, '--keep');
  const { kubeconfig, path, commands } = await eventually('all is shown', () => recommendedBy(demo), 90_000);

  await t.test('shows the pod before and after, the secret, its expiry and both logins', async (t) => {
    const stdout = demo.stdout();
    t.match(stdout, /as it was written .*\n.*imagePullSecrets: \(none\)/);
    t.match(stdout, /as the API server keeps it .*\n.*imagePullSecrets: ecr-pull-secret/);
    t.match(stdout, /Secret payments\/ecr-pull-secret \(kubernetes.io\/dockerconfigjson\) after \d+ ms/);
    t.match(stdout, /expires 20.*Z, 1[12]\.\d h from now/);
    t.match(stdout, /without the secret +HTTP 401\n +with the secret +HTTP 200/);
  });

  await t.test('prints what README.md shows', async (t) => {
    const page = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const [, shown = ''] = /^ {4}npm ci && npm run demo\n\n```\n([^]*?)^```$/m.exec(page) ?? [];
    const [printed = ''] = demo.stdout().split('\n\nEverything stays up');
    t.strictSame(stableLines(shown), stableLines(printed));
  });

  await t.test('prints commands that work', async (t) => {
    t.ok(commands.length >= 5);
    const env = { ...GO_ENVIRONMENT, HOME: '/nonexistent', KUBECONFIG: kubeconfig, PATH: path };
    for (const command of commands) {
      const [program = '', ...args] = command.split(' ');
      const { stdout } = await promisify(execFile)(program, args, { env });
      if (command.includes('get pods')) t.match(stdout, /^payments +api +0\/1 +Pending/m);
      if (command.includes('logs')) t.match(stdout, /renewer|leader/);
      t.not(stdout, '', command);
    }
  });

  await t.test('stays up until Ctrl-C, which ends all in order', async (t) => {
    t.ok(existsSync(kubeconfig), 'there is something to look around with');
    const directory = await clusterFolder(demo);

    t.equal(await demo.interrupt('SIGINT'), 0, 'it ends in order');

    t.same(readdirSync(demo.temporaryFolder), []);
    t.same(await findProcesses(directory), []);
  });
});

t.test('a demo that cannot work says why and fails', async (t) => {
  const { stderr, code } = await runDemo({ KUBEBUILDER_ASSETS: '/nonexistent' });
  t.equal(code, 1);
  t.match(stderr, /The demo failed: KUBEBUILDER_ASSETS=\/nonexistent has no/);
});

t.test('a demo whose bundle cannot be built says why, and ends by itself', async (t) => {
  const { stderr, code } = await runDemo({ ESBUILD_BINARY_PATH: '/bin/false' });
  t.equal(code, 1);
  t.match(stderr, /The demo failed: The service was stopped/);
});

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`${signal} while it starts ends it at once, and nothing is left behind`, async (t) => {
    const demo = startDemo(t);
    const directory = await clusterFolder(demo);

    t.equal(await demo.interrupt(signal), exitCode);

    t.match(demo.stdout(), `Interrupted by ${signal}: all that was started ends within seconds`);
    await until(() => readdirSync(demo.temporaryFolder).length === 0);
    t.same(await findProcesses(directory), []);
  });
}

t.test('a mistyped option is named, and help is there', async (t) => {
  const wrong = await runDemo({}, '--kept');
  t.equal(wrong.code, 2);
  t.match(wrong.stderr, /^Unknown option '--kept'/);
  t.match(wrong.stderr, /Usage: npm run demo/);
  const help = await runDemo({}, '--help');
  t.equal(help.code, 0);
  t.match(help.stdout, /--keep/);
});
