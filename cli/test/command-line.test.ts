import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t from 'tap';
import { COMMAND_NAMES } from '../src/commands.ts';
import { runLine } from './support/command-line.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const execute = (...args: readonly string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
const CERTS = ['ca', 'serving', 'yaml', 'verify'];

t.test('--help works for every command, on stdout', async (t) => {
  for (const args of [['--help'], ['-h'], ['help'], ['renewer', '--help']]) {
    const { exitCode, stdout, stderr } = await runLine(args);
    t.strictSame({ exitCode, stderr }, { exitCode: 0, stderr: '' }, args.join(' '));
    t.match(stdout, /^Usage: ecr-pull-secrets \[command\]\n/);
  }
  for (const args of [['--help'], ['help']]) {
    const { exitCode, stdout } = await runLine(['certs', ...args]);
    t.equal(exitCode, 0);
    for (const what of CERTS) t.match(stdout, new RegExp(`^  ${what} `, 'm'));
  }
  for (const what of CERTS) {
    const { exitCode, stdout } = await runLine(['certs', what, '--help']);
    t.equal(exitCode, 0);
    t.match(stdout, `Usage: ecr-pull-secrets certs ${what} `);
    t.match(stdout, '\n  --help');
  }
});

t.test('--version prints the version', async (t) => {
  for (const word of ['--version', 'version']) {
    t.match(await runLine([word]), { exitCode: 0, stdout: /^ecr-pull-secrets \d+\.\d+\.\d+\S*\n$/, stderr: '' });
  }
});

t.test('an unknown word is an error with the nearest word and the usage', async (t) => {
  const cases = [
    [['renewr'], 'ecr-pull-secrets: unknown command "renewr": did you mean renewer?'],
    [['bogus'], 'ecr-pull-secrets: unknown command "bogus"'],
    [['-n', 'a', 'status'], 'ecr-pull-secrets: "-n" comes before the command: write the command first'],
    [[''], 'ecr-pull-secrets: unknown command ""'],
    [['webhook', '--port'], 'ecr-pull-secrets webhook: "--port": it takes no arguments'],
    [['certs'], 'ecr-pull-secrets certs: say what first: ca, serving, yaml, verify'],
    [['certs', '--dir', 'x'], 'ecr-pull-secrets certs: say what first: ca, serving'],
    [['certs', 'verfiy'], 'ecr-pull-secrets certs: "verfiy" is unknown: did you mean verify?'],
    [['certs', 'serving', '--ca-dri', 'x'], 'ecr-pull-secrets certs: --ca-dri is unknown: did you mean --ca-dir?'],
  ] as const;
  for (const [args, message] of cases) {
    const { exitCode, stdout, stderr } = await runLine(args);
    t.equal(exitCode, 2, args.join(' '));
    t.equal(stdout, '');
    t.equal(stderr.slice(0, message.length), message);
    t.match(stderr, /^.* \[ECRPS_USAGE_INVALID\]\n\nUsage: ecr-pull-secrets /);
  }
  t.ok(COMMAND_NAMES.includes('certs'));
});

t.test('as a plugin of kubectl it prints what a person types to run it', async (t) => {
  const plugin = join(t.testdir(), 'kubectl-ecr_pull_secrets.ts');
  await writeFile(plugin, `await import(${JSON.stringify(pathToFileURL(MAIN).href)});\n`);
  const lines = [
    [['status', '--help'], /^Usage: kubectl ecr-pull-secrets status /],
    [['explain'], /^kubectl ecr-pull-secrets explain: NAMESPACE .*\n\nUsage: kubectl ecr-pull-secrets explain /],
    [['certs', '--help'], /^Usage: kubectl ecr-pull-secrets certs .*The options of each: kubectl ecr-pull-secrets /s],
    [['--version'], /^kubectl ecr-pull-secrets \d/],
    [[], /^Usage: kubectl ecr-pull-secrets \[command\](?!.*; the default)/s],
    [['bogus'], /^kubectl ecr-pull-secrets: unknown command "bogus".*\n\nUsage: kubectl ecr-pull-secrets \[command\]/],
  ] as const;
  for (const [args, expected] of lines) {
    const { stdout, stderr } = spawnSync(process.execPath, [plugin, ...args], { encoding: 'utf8' });
    t.match(stdout + stderr, expected);
  }
});

t.test('the executable prints the output of the command, and exits with its status', (t) => {
  const helped = execute('certs', 'verify', '--help');
  t.equal(helped.status, 0);
  t.match(helped.stdout, /^Usage: ecr-pull-secrets certs verify /);
  const mistyped = execute('certs', 'verify', '--dri', 'x');
  t.equal(mistyped.status, 2);
  t.match(mistyped.stderr, /--dri is unknown: did you mean --dir\?/);
  const missing = execute('certs', 'verify', '--dir', 'nowhere', '--service=a', '--namespace=b');
  t.equal(missing.status, 1);
  t.match(missing.stderr, /reading nowhere\/ca\.crt: ENOENT/);
  t.end();
});
