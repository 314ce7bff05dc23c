import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import type { Test } from 'tap';
import { type ExplainWorld, FAR_REGISTRY } from '../support/explain.ts';
import { startKubectl } from '../support/kubectl.ts';
import { SECRET } from '../support/pull-secret.ts';
import { expectReport } from './expect-report.ts';

const REFUSALS: Readonly<Record<string, readonly [image: string, line: RegExp, run: RegExp]>> = {
  'no-such-repository': [
    `${REGISTRY}/team/none:1`,
    /pull .* answered 404 \(The repository .* does not exist/,
    /^Run: aws/m,
  ],
  'no-layers': [
    `${REGISTRY}/team/no-layers:1`,
    /problem +pull .* lacks ecr:GetDownloadUrlForLayer on this repository$/m,
    /^Run: aws ecr get-repository-policy/m,
  ],
};

/** What `explain` reports besides the failures of the matrix, of which some exist already. */
export function testReports(t: Test, world: ExplainWorld): void {
  const { playground, explain, inClusterAs, pluginDirectory } = world;
  const { api } = playground;

  function createPod(image: string, name: string): Promise<Pod> {
    return api.createPod('good', { metadata: { name }, spec: { containers: [{ name: 'app', image }] } });
  }

  t.test('a pod that pulls has no problem, within a second', async (t) => {
    await eventually('a pod with the name of the secret', async () => {
      const pod = await createPod(`${REGISTRY}/app:1`, `app-${Date.now()}`);
      assert.deepEqual(pod.spec.imagePullSecrets, [{ name: SECRET }]);
    });
    await createPod(`${REGISTRY}/app:1`, 'app');
    await expectReport(t, world, 'good/app', {
      exitCode: 0,
      lines: [
        /ok +label .* has the label ecr-pull-secrets\.io\/inject=enabled$/m,
        /ok +webhook +a pod like this one gets the name of ecr-pull-secret if it is created now$/m,
        /ok +pod +the pod names ecr-pull-secret$/m,
        /ok +secret .* are valid until 20/,
        /ok +image .*the kubelet tries ecr-pull-secret \(.*123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com\)$/m,
        /ok +pull .*the secret pulls it \(123456789012.*, then prod-us-east-1-starport.*\.amazonaws\.com\)$/m,
        /\n\nNo problem found\.\n$/,
      ],
    });
    const { seconds, stderr } = await explain(['good/app']);
    t.comment(`explain took ${seconds.toFixed(2)} s`);
    // On a busy machine it takes longer, and shows its progress.
    if (seconds < 1) t.equal(stderr, '');
    const { stdout } = await explain(['--output', 'json', 'good', '--no-pull-test']);
    t.match(JSON.parse(stdout), { subject: 'good', health: 'ok' });
  });

  t.test('it is a plugin of kubectl', async (t) => {
    const path = `${await pluginDirectory()}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    t.intercept(process, 'env', { value: { ...process.env, PATH: path } });
    const kubectl = await startKubectl(playground.cluster);
    const lines = await kubectl('ecr-pull-secrets', 'explain', '-n', 'good', 'app', '--no-pull-test');
    t.equal(lines[0], 'good/app');
    t.equal(lines.at(-1), 'No problem found.');
    t.match(await kubectl('ecr-pull-secrets', '--version'), [/^kubectl ecr-pull-secrets \d/]);
  });

  t.test('a misspelt key of the label is found', async (t) => {
    await api.createNamespace('misspelt-key', { injected: false });
    const labels = { 'ecr-pull-secret.io/inject': 'enabled' };
    await api.merge('/api/v1/namespaces/misspelt-key', { metadata: { labels } });
    await expectReport(t, world, 'misspelt-key', {
      exitCode: 1,
      lines: [/problem +label .* the label ecr-pull-secret\.io\/inject, which is probably misspelt/],
      run: `kubectl label namespace misspelt-key ${INJECT_LABEL}=enabled ecr-pull-secret.io/inject-`,
    });
  });

  t.test('a namespace that the webhook configuration excludes is found', (t) =>
    expectReport(t, world, 'kube-system', {
      exitCode: 1,
      lines: [
        /problem +label .*excludes .* kube-system by its name: run the workload in another namespace$/m,
        /\n\nCorrect the first problem/,
      ],
    }),
  );

  t.test('in a namespace, a pod that is older than the label is found', (t) =>
    expectReport(t, world, 'late', {
      exitCode: 1,
      lines: [/problem +pod +1 of 1 pods with ECR images do not name ecr-pull-secret: app$/m],
      run: 'ecr-pull-secrets explain late/app',
    }),
  );

  for (const [name, [image, line, run]] of Object.entries(REFUSALS)) {
    t.test(`a pod that cannot pull: ${name}`, async (t) => {
      await createPod(image, name);
      await expectReport(t, world, `good/${name}`, { exitCode: 1, lines: [/ok +pod /, line, run] });
    });
  }

  t.test('what cannot be reached or read is said, and is no problem of the cluster', async (t) => {
    await createPod(`${FAR_REGISTRY}/app:1`, 'far');
    await expectReport(t, world, 'good/far', {
      exitCode: 2,
      lines: [/unknown +pull .* there is no connection from here to 1234/],
    });
    const untrusted = await explain(['good/app'], { NODE_EXTRA_CA_CERTS: '' });
    t.match(untrusted.stdout, /unknown +pull .* the certificate of 1234.* is not trusted here/);

    const path = '/api/v1/namespaces/good/serviceaccounts/default/token';
    const { status } = await api.create<{ status: { token: string } }>(path, { spec: {} });
    const { stdout, exitCode } = await explain(['good/app', '--from-cluster'], await inClusterAs(status.token));
    t.match(stdout, /unknown +label .* you lack the right to get the namespace good$/m);
    t.match(
      stdout,
      /unknown +webhook .*list mutatingwebhook.*; you lack the right to create pods in namespace good \(as a/,
    );
    t.match(
      stdout,
      /unknown +pull +the test pod was not created: you lack the right to create pods, .* in namespace good$/m,
    );
    t.match(stdout, /unknown +pod .* you lack the right to get pods in namespace good$/m);
    t.match(stdout, /unknown +secret .* you lack the right to get secrets in namespace good$/m);
    t.equal(exitCode, 2);
  });
}
