import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const DEMO = fileURLToPath(new URL('../src/demo/main.ts', import.meta.url));

async function runDemo(environment: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code };
}

t.test(
  'the demo shows the pod before and after, the secret, its expiry and both logins',
  async (t) => {
    const { stdout, code } = await runDemo({});
    t.equal(code, 0);
    t.match(stdout, /as it was written .*\n.*imagePullSecrets: \(none\)/);
    t.match(stdout, /as the API server keeps it .*\n.*imagePullSecrets: ecr-pull-secret/);
    t.match(
      stdout,
      /Secret payments\/ecr-pull-secret \(kubernetes.io\/dockerconfigjson\) after \d+ ms/,
    );
    t.match(stdout, /expires 20.*Z, 1[12]\.\d h from now/);
    t.match(stdout, /without the secret +HTTP 401\n +with the secret +HTTP 200/);
  },
);

t.test('a demo that cannot work says why and fails', async (t) => {
  const { stderr, code } = await runDemo({ KUBEBUILDER_ASSETS: '/nonexistent' });
  t.equal(code, 1);
  t.match(stderr, /The demo failed: KUBEBUILDER_ASSETS=\/nonexistent has no/);
});

t.test('a mistyped option is named, and help is there', async (t) => {
  const wrong = await runDemo({}, '--kept');
  t.equal(wrong.code, 1);
  t.match(wrong.stderr, /--kept/);
  const help = await runDemo({}, '--help');
  t.equal(help.code, 0);
  t.match(help.stdout, /--keep/);
});
