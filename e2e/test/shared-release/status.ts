import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { builtBundle } from '@ecr-pull-secrets/testbed/playground/built-bundle.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { startKubectl } from '../support/kubectl.ts';
import { pathOf, SECRET } from '../support/pull-secret.ts';
import { runStatus } from '../support/status.ts';
import { playground } from './release.ts';

const { api, cluster, ecr } = playground;

const NAMESPACE = 'status';
const SCALE = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}/scale`;
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

interface Expected {
  readonly exitCode: number;
  readonly lines: readonly RegExp[];
  readonly run?: string;
}

/** Compares a report; no report contains a password. */
async function expectStatus(t: Test, { exitCode, lines, run }: Expected): Promise<void> {
  const report = await runStatus(playground);
  for (const line of lines) t.match(report.stdout, line);
  if (run !== undefined) t.equal(report.stdout.trimEnd().split('\n').at(-1), `Run: ${run}`);
  t.equal(report.exitCode, exitCode, report.stdout);
  t.match(report.stderr, /^(reading the cluster …\n)?$/, 'only what takes long is shown');
  for (const secret of ecr.secrets()) t.notOk(report.stdout.includes(secret), 'no secret is printed');
}

/** Before other scenarios leave problems behind. */
export async function testHealthyStatus(t: Test): Promise<void> {
  await api.createNamespace(NAMESPACE);
  t.teardown(() => api.remove(`/api/v1/namespaces/${NAMESPACE}`));
  await eventually('the secret', () => api.get(pathOf(NAMESPACE)));
  await eventually('a pod with the name of the secret', async () => {
    const pod = await api.createPod(NAMESPACE, { spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] } });
    assert.deepEqual(pod.spec.imagePullSecrets, [{ name: SECRET }]);
  });

  t.test('a healthy release has no problem, within a second or two', async (t) => {
    await expectStatus(t, {
      exitCode: 0,
      lines: [
        /^ecr-pull-secrets in the namespace ecr-pull-secrets\n\n/,
        /ok +release +version \S+ \(chart ecr-pull-secrets-\S+, image local\/ecr-pull-secrets:built\), mode webhook, 2 of 2/,
        /ok +injection +a new pod in status gets the name of ecr-pull-secret \(dry run\)$/m,
        /ok +injection +\d+ calls of the webhook .*, of which none failed$/m,
        /ok +leader +ecr-pull-secrets-\w+-\w+ has led since 20/,
        /ok +tokens +the token for 123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com expires at 20.* and is renewed by 20/,
        /ok +namespaces +1 of 1 namespaces have a current secret; the first token expires at 20/,
        /ok +certificate +the newest CA in caBundle expires at 20/,
        /ok +certificate +the serving certificate expires at 20/,
        /ok +fence +3 admission policies limit the ServiceAccount$/m,
        /\n\nNo problem found\.\n$/,
      ],
    });
    const { seconds, peakMebibytes, stdout } = await runStatus(playground, ['--output', 'json']);
    t.comment(`status took ${seconds.toFixed(2)} s and ${peakMebibytes.toFixed(0)} MiB`);
    t.match(JSON.parse(stdout), { schemaVersion: 1, health: 'ok', releases: [{ tokens: [{ registry: REGISTRY }] }] });
  });

  t.test('it is a plugin of kubectl', async (t) => {
    const directory = join(cluster.directory, 'status-plugin');
    await mkdir(directory, { recursive: true });
    const script = `#!/bin/sh\nexec ${process.execPath} ${await builtBundle()} "$@"\n`;
    await writeFile(join(directory, 'kubectl-ecr_pull_secrets'), script, { mode: 0o755 });
    t.intercept(process, 'env', { value: { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` } });
    const kubectl = await startKubectl(cluster);
    const lines = await kubectl('ecr-pull-secrets', 'status', '--namespace', PRODUCT_NAME);
    t.equal(lines.at(-1), 'No problem found.');
  });

  t.test('a watch prints again without a terminal, and ends at Ctrl-C', async (t) => {
    const reports: string[] = [];
    const { exitCode, stdout } = await runStatus(playground, ['--watch', '--output', 'json'], {
      onStart: (child) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          reports.push(chunk.toString());
          if (reports.join('').split('\n').length > 2) child.kill('SIGINT');
        });
      },
    });
    t.equal(exitCode, 0);
    const parsed = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    t.match(parsed, [{ health: 'ok' }, { health: 'ok' }]);
  });

  t.test('a release that does not exist, and no connection', async (t) => {
    const misspelt = await runStatus(playground, ['--release', 'ecr-pull-secret']);
    t.match(misspelt, {
      exitCode: 1,
      stdout: /there is no release ecr-pull-secret .*: did you mean ecr-pull-secrets\?/,
    });
    const empty = await runStatus(playground, ['--namespace', NAMESPACE]);
    t.match(empty, { exitCode: 1, stdout: /there is no release of ecr-pull-secrets in the namespace status\n/ });
    const variables = { ...(await asAccount(NAMESPACE)), KUBERNETES_SERVICE_PORT: '1' };
    const alone = await runStatus(playground, [], { variables });
    t.match(alone, { exitCode: 2, stdout: '', stderr: /ECRPS_KUBERNETES_UNREACHABLE/ });
  });
}

/** The variables of a container of the default ServiceAccount, or of another one. */
async function asAccount(namespace: string, account = 'default'): Promise<Readonly<Record<string, string>>> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const { status } = await api.create<{ status: { token: string } }>(path, { spec: {} });
  const directory = join(cluster.directory, `status-as-${account}`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'token'), status.token, { mode: 0o600 });
  await writeFile(join(directory, 'ca.crt'), cluster.caPem);
  const { hostname, port } = new URL(cluster.serverUrl);
  return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, SERVICE_ACCOUNT_DIR: directory };
}

/** The last scenario: it breaks the release. */
export function testStatus(t: Test): void {
  t.test('without any right everything that is missing is named', async (t) => {
    const { stdout, exitCode } = await runStatus(playground, [], { variables: await asAccount('default') });
    t.equal(exitCode, 2);
    t.match(
      stdout,
      /unknown +release .* you lack the right to get deployments\.apps in namespace ecr-pull-secrets; its/,
    );
    t.match(stdout, /unknown +leader .* you lack the right to get leases\.coordination\.k8s\.io in namespace/);
    t.match(stdout, /unknown +tokens .* you lack the right to get secrets in namespace ecr-pull-secrets$/m);
    t.match(stdout, /unknown +namespaces .* you lack the right to list namespaces$/m);
    t.match(stdout, /note +injection .* you lack the right to get the path \/metrics of the API server$/m);
  });

  t.test('in the container of the renewer it uses the rights of the release', async (t) => {
    await api.createNamespace('status-rights');
    await eventually('the secret', () => api.get(pathOf('status-rights')));
    const own = { POD_NAMESPACE: PRODUCT_NAME, POD_NAME: 'x', SERVICE_NAME: PRODUCT_NAME };
    const variables = { ...(await asAccount(PRODUCT_NAME, PRODUCT_NAME)), ...own };
    const { stdout } = await runStatus(playground, [], { variables });
    t.match(
      stdout,
      /unknown +tokens +the configured registries cannot be read: you lack the right to get configmaps in/,
    );
    t.match(stdout, /unknown +injection .* you lack the right to create pods in namespace \S+ \(as a dry run\)$/m);
    t.match(stdout, /unknown +fence .* you lack the right to list validatingadmissionpolicies/);
    for (const topic of ['release', 'leader', 'tokens', 'certificate']) t.match(stdout, new RegExp(`ok +${topic} `));
    t.match(stdout, /namespaces +\d+ of \d+ namespaces/);
  });

  t.test('a foreign secret and an incomplete fence are problems', async (t) => {
    const metadata = { name: SECRET };
    await api.createNamespace('status-foreign', { injected: false });
    await api.create('/api/v1/namespaces/status-foreign/secrets', { metadata, type: 'Opaque', stringData: { a: 'b' } });
    await api.merge('/api/v1/namespaces/status-foreign', {
      metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
    });
    const events = '/api/v1/namespaces/status-foreign/events';
    await eventually('the Event', async () => assert.notEqual((await api.list(events)).length, 0));
    await api.remove(`${ADMISSION}/validatingadmissionpolicybindings/${PRODUCT_NAME}-events`);
    await expectStatus(t, {
      exitCode: 1,
      lines: [
        /problem +namespaces +\d+ of \d+ namespaces have no good secret: .*status-foreign: the secret belongs to somebody else \(PullSecret\w+: /,
        /problem +fence +.*: the policy ecr-pull-secrets-events has no binding$/m,
      ],
    });
  });

  t.test('a Deployment without replicas is the first problem', async (t) => {
    await api.merge(SCALE, { spec: { replicas: 0 } });
    // A webhook that stops still answers for a moment.
    await eventually('no replica is left', async () => {
      const labelSelector = `app.kubernetes.io/name=${PRODUCT_NAME}`;
      const pods = await api.list(`/api/v1/namespaces/${PRODUCT_NAME}/pods`, { labelSelector });
      assert.equal(pods.length, 0);
    });
    await expectStatus(t, {
      exitCode: 1,
      lines: [
        /^ {2}problem +release +the Deployment ecr-pull-secrets has 0 replicas: nothing is injected or renewed$/m,
        /problem +leader +no replica leads, so nothing is renewed: the lease has no holder$/m,
        /problem +injection +a new pod in \S+ does not get the name of ecr-pull-secret: the Deployment has 0 replicas$/m,
      ],
      run: `kubectl scale deployment/${PRODUCT_NAME} --namespace ${PRODUCT_NAME} --replicas=2`,
    });
  });
}
