import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { DEPLOY_YAML } from '@ecr-pull-secrets/scripts/deploy-yaml/render.ts';
import { ensureKubectl } from '@ecr-pull-secrets/testbed/local-cluster/binaries.ts';
import { GO_ENVIRONMENT } from '@ecr-pull-secrets/testbed/local-cluster/go-environment.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { chooseServicePort } from '@ecr-pull-secrets/testbed/playground/ports.ts';
import t from 'tap';
import { scriptsIn } from './support/documented-commands.ts';
import { OLD_NAME, OLD_SECRET, writeOldSecrets } from './support/old-tool.ts';
import { pathOf, pullSecretsOf } from './support/pull-secret.ts';

const OLD_CHART = fileURLToPath(new URL('fixtures/old-chart', import.meta.url));
const CRON_JOB = '/apis/batch/v1/namespaces/ecr/cronjobs/k8s-ecr-login-renew-cron';

const page = await readFile(new URL('../../docs/migrating.md', import.meta.url), 'utf8');
const [, section = ''] = /^### Without Helm\n([^]*?)^## /m.exec(page) ?? [];
const [readVariables = '', ...steps] = scriptsIn(section);
const isDeletion = (script: string): boolean => script.startsWith('kubectl delete');

const playground = await startPlayground({ publishedAs: 'registry.example.com/ecr-pull-secrets:0.1.0' });
t.teardown(() => playground.close());
const { api, cluster } = playground;
const { loginWith } = pullSecretsOf(playground);

const home = join(cluster.directory, 'reader');
await mkdir(home);
// The file as it stands, unless this user may not listen on the Service's port.
const manifest = (await readFile(DEPLOY_YAML, 'utf8')).replaceAll(
  'port: 443\n',
  `port: ${await chooseServicePort()}\n`,
);
await writeFile(join(home, 'deploy.yaml'), manifest);
const kubectl = await ensureKubectl({ progress: progressToStderr, environment: process.env });

/** Runs a script of the page as a person would, in the folder with deploy.yaml. */
async function run(script: string): Promise<string> {
  const environment = {
    ...GO_ENVIRONMENT,
    KUBECONFIG: cluster.kubeconfigPath,
    HOME: home,
    PATH: `${dirname(kubectl)}:${process.env['PATH'] ?? ''}`,
  };
  const args = ['-euo', 'pipefail', '-c', `exec 2>&1\n${script}`];
  const child = cluster.guardian.spawn('bash', args, { cwd: home, environment, stdio: ['ignore', 'pipe', 'ignore'] });
  const [[code], output] = await Promise.all([once(child, 'close'), child.stdout ? text(child.stdout) : '']);
  assert.equal(code, 0, output);
  return output;
}

function secretOf(namespace: string): Promise<Secret> {
  return api.get<Secret>(pathOf(namespace, OLD_SECRET));
}

for (const name of ['ecr', 'team-a', 'team-b']) await api.createNamespace(name, { injected: false });
const keys = [`awsAccessKeyId=${AWS_IDENTITY.accessKeyId}`, `awsSecretAccessKey=${AWS_IDENTITY.secretAccessKey}`];
const settings = ['awsRegion=us-east-1', ...keys].flatMap((setting) => ['--set', setting]);
await cluster.helm(['install', OLD_NAME, OLD_CHART, '--namespace', 'ecr', ...settings]);
const old = await writeOldSecrets(playground, ['default', 'team-a']);

t.test('the first command prints the variables of the old tool, and no key', async (t) => {
  const output = await run(readVariables);
  t.match(output, /^DOCKER_SECRET_NAME=k8s-ecr-login-renew-docker-secret$/m);
  t.match(output, /^AWS_SECRET_ACCESS_KEY=k8s-ecr-login-renew-aws-secret\/AWS_SECRET_ACCESS_KEY$/m);
  t.notMatch(output, AWS_IDENTITY.secretAccessKey);
});

t.test(
  'the next ones install deploy.yaml, which renews the old secrets in place and writes the missing one',
  async (t) => {
    for (const script of steps.filter((step) => !isDeletion(step))) await run(script);
    await eventually(
      'all secrets have been renewed',
      async () => {
        for (const namespace of ['default', 'team-a', 'team-b']) {
          const { metadata } = await secretOf(namespace);
          assert.ok(metadata.annotations?.['ecr-pull-secrets.io/renewed-at'], namespace);
        }
      },
      120_000,
    );
    for (const { metadata } of old) t.equal((await secretOf(metadata.namespace ?? '')).metadata.uid, metadata.uid);
    for (const namespace of ['default', 'team-a', 'team-b']) t.equal(await loginWith(await secretOf(namespace)), 200);
  },
);

t.test('the last ones delete the old tool, and no pull secret', async (t) => {
  for (const script of steps.filter(isDeletion)) await run(script);
  t.equal(await ifFound(api.get(CRON_JOB)), undefined);
  for (const { metadata } of old) t.equal((await secretOf(metadata.namespace ?? '')).metadata.uid, metadata.uid);
});
