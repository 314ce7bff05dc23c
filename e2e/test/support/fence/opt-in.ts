import assert from 'node:assert/strict';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import type { KubeObject } from '../manifest.ts';
import { asDryRun, merge, PLACES } from './attack.ts';
import { policiesOf } from './modes.ts';
import { BINDINGS, type FenceWorld, POLICIES } from './world.ts';

const REFUSED = /only users with the verb opt-in/;
const NAMESPACES = '/api/v1/namespaces';

const MAY_EDIT_NAMESPACES = [
  {
    apiGroups: [''],
    resources: ['namespaces', 'namespaces/status', 'namespaces/finalize'],
    verbs: ['create', 'update', 'patch'],
  },
];

/** Tests the policy on who may let a namespace opt in. The chart is installed with it. */
export function testOptIn(t: Test, { api, cluster }: Playground, world: FenceWorld): void {
  t.test('only users with the verb opt-in may change what opts namespaces in', async (t) => {
    const editor = await world.identityWith('editor', MAY_EDIT_NAMESPACES);
    t.teardown(() => editor.client.close());
    const team = '/api/v1/namespaces/team';
    await eventually('RBAC heeds it', () =>
      editor.api.create(NAMESPACES, { metadata: { name: 'team', labels: { tier: 'a' } } }),
    );
    const inject = { 'ecr-pull-secrets.io/inject': 'enabled' };
    const role = { 'ecr-pull-secrets.io/role-arn': 'arn:aws:iam::123456789012:role/x' };
    const create = (metadata: Manifest) => editor.api.create(NAMESPACES, { metadata });
    await t.rejects(create({ name: 'born', labels: inject }), REFUSED, 'in a new namespace');
    const { metadata: found, ...rest } = await api.get<KubeObject>(team);
    const labels = { ...found.labels, ...inject };
    const finalize = { ...rest, metadata: { ...found, labels } };
    await t.rejects(
      editor.client.request({ method: 'PUT', path: `${team}/finalize`, body: finalize }),
      REFUSED,
      'nor by finalize',
    );
    for (const path of [team, `${team}/status`]) {
      await t.rejects(editor.api.merge(path, { metadata: { labels: inject } }), REFUSED, path);
      await t.rejects(editor.api.merge(path, { metadata: { annotations: role } }), REFUSED, path);
    }
    const served = `/api/v1/namespaces/${PLACES.served}`;
    const nothing = { metadata: { labels: { 'ecr-pull-secrets.io/inject': null } } };
    await t.rejects(editor.api.merge(served, nothing), REFUSED, 'nor takes anything away');
    const others = { metadata: { labels: { tier: 'b' }, annotations: { note: 'x' } } };
    await t.resolves(editor.api.merge(served, others), 'all else is as before');

    await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'opt-in' },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: `${PRODUCT_NAME}-opt-in`,
      },
      subjects: [{ kind: 'ServiceAccount', name: 'editor', namespace: PLACES.empty }],
    });
    await eventually('with the role it may', () =>
      editor.api.merge(team, { metadata: { labels: inject, annotations: role } }),
    );
    await t.resolves(create({ name: 'born', labels: inject }));
  });

  t.test('a selector that requires no label lets new namespaces in, and still guards its label', async (t) => {
    const selector = {
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'Exists' },
        { key: 'stage', operator: 'NotIn', values: ['live'] },
      ],
    };
    const settings = ['--set-json', `namespaceSelector=${JSON.stringify(selector)}`];
    const objects = (await policiesOf(cluster, settings)).filter(({ metadata }) => metadata.name.endsWith('opt-in'));
    for (const object of objects) {
      const { kind, metadata } = object;
      const collection = kind.endsWith('Binding') ? BINDINGS : POLICIES;
      await api.create(collection, { ...object });
      t.teardown(() => api.remove(`${collection}/${metadata.name}`));
    }
    const tenant = await world.identityWith('tenant', MAY_EDIT_NAMESPACES);
    t.teardown(() => tenant.client.close());
    await api.create(NAMESPACES, { metadata: { name: 'live', labels: { stage: 'live' } } });
    const letIn = merge(`${NAMESPACES}/live`, { metadata: { labels: { stage: null } } });
    await eventually('the label that keeps a namespace out is guarded', () =>
      assert.rejects(tenant.client.request(asDryRun(letIn)), REFUSED),
    );
    const born = { metadata: { name: 'without-label' } };
    await t.resolves(tenant.api.create(NAMESPACES, born), 'as docs/security.md says');
  });
}
