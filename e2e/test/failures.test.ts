import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import type { ActiveAlert } from '@ecr-pull-secrets/testbed/prometheus/prometheus.ts';
import t from 'tap';
import { testDashboard } from './failures/dashboard.ts';
import { type FailureName, MATRIX, tableOf } from './failures/matrix.ts';
import { createNamespaceWithRole, testNamespaceFailures, testPullFailures } from './failures/namespaces.ts';
import { testRunbooks } from './failures/runbooks.ts';
import { testWebhookFailures } from './failures/webhook.ts';
import { DOWN_REGISTRY, startFailureWorld, UNTRUSTING_ROLE } from './failures/world.ts';
import { CLOSED_REGISTRY } from './support/explain.ts';
import { pathOf } from './support/pull-secret.ts';

// Each failure is made for real, and must be seen as failures/matrix.ts has it.

t.test('the page has the table of failures', async (t) => {
  const page = await readFile(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
  const table = tableOf(MATRIX).join('\n');
  t.ok(page.includes(`\n${table}\n`), `docs/troubleshooting.md must contain:\n${table}`);
});

const world = await startFailureWorld(t);
const { playground, made } = world;
const { api, ecr } = playground;

await api.createNamespace('good');

const VALUES = {
  replicaCount: 1,
  registries: [REGISTRY, CLOSED_REGISTRY, DOWN_REGISTRY],
  namespaceRoles: [{ roleArn: UNTRUSTING_ROLE, namespaces: 'with-role' }],
  excludeNamespace: 'left-out',
  canary: true,
  ...world.networkValues,
};

t.test('wrong AWS keys are seen', async (t) => {
  const isSeen = await made(t, 'keys-wrong', async () => {
    await playground.install({ ...VALUES, awsSecretAccessKey: 'not-the-key-of-this-user' });
    return { subject: 'good' };
  });
  await isSeen();
});

let alertsBefore: readonly ActiveAlert[] = [];

t.test('with the right keys and without one region there is a secret', async (t) => {
  ecr.faults.add({ kind: 'disconnect' }, { when: ({ region }) => region === 'eu-west-1' });
  alertsBefore = await world.alerts();
  await createNamespaceWithRole(world);
  await playground.install(VALUES);
  await eventually('the secret', () => api.get<Secret>(pathOf('good')));
  await eventually('a pod with the name of the secret', async () => {
    const { spec } = await world.createPod('good', `${REGISTRY}/app:1`, `app-${Date.now()}`);
    assert.equal(spec.imagePullSecrets?.length, 1);
  });
  t.pass('it works');
});

t.test('failures of namespaces and of pulls are seen', async (t) => {
  const waits = [
    ...(await testPullFailures(t, world, alertsBefore)),
    ...(await testNamespaceFailures(t, world, alertsBefore)),
  ];
  for (const isSeen of waits) await isSeen();
});

t.test('the runbooks lead to the reasons', (t) => testRunbooks(t, world));

t.test('failures of the webhook are seen', (t) => testWebhookFailures(t, world, VALUES));

t.test('each alert and each panel of the dashboard works on these metrics', { skip: world.skip }, (t) =>
  testDashboard(t, world),
);

t.test('each failure of the matrix was made', async (t) => {
  const all = Object.keys(MATRIX).filter((name): name is FailureName => name in MATRIX);
  t.same([...world.seen()].toSorted(), all.toSorted());
});
