import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import t from 'tap';
import type { ObjectMeta } from '../src/kube/objects.ts';
import { createInventory } from '../src/pull-secrets/inventory.ts';
import { parseLabelSelector } from '../src/pull-secrets/label-selector.ts';
import type { NamespaceRole } from '../src/pull-secrets/namespace-roles.ts';
import { isRemovable, OPT_OUT_POLICIES } from '../src/pull-secrets/opted-out.ts';
import { planWork } from '../src/pull-secrets/plan-work.ts';
import { planWrite } from '../src/pull-secrets/plan-write.ts';
import {
  type PullSecretState,
  readPullSecretState,
} from '../src/pull-secrets/pull-secret-state.ts';
import type { NamespaceRule } from '../src/pull-secrets/target-namespaces.ts';

const HOUR_MS = 3_600_000;
const renewedAtMs = Date.parse('2026-01-01T00:00:00Z');
const expiresAtMs = renewedAtMs + 12 * HOUR_MS;
/** Half of the token's life is over. */
const nowMs = renewedAtMs + 6 * HOUR_MS;

/** What is in the secret below already. */
const current = { renewedAtMs, expiresAtMs, recipe: 'r1', isComplete: true };
const renewed = { ...current, renewedAtMs: nowMs, expiresAtMs: nowMs + 12 * HOUR_MS };

const annotationFields = {
  'f:ecr-pull-secrets.io/expires-at': {},
  'f:ecr-pull-secrets.io/renewed-at': {},
  'f:ecr-pull-secrets.io/recipe': {},
};

const ourFields = {
  manager: 'ecr-pull-secrets',
  operation: 'Apply',
  fieldsV1: {
    'f:data': { 'f:.dockerconfigjson': {} },
    'f:metadata': { 'f:annotations': annotationFields },
  },
};

function secretMetadata(changes: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    name: 'ecr-pull-secret',
    namespace: 'a',
    uid: 'u',
    resourceVersion: '7',
    annotations: {
      'ecr-pull-secrets.io/expires-at': '2026-01-01T12:00:00.000Z',
      'ecr-pull-secrets.io/renewed-at': '2026-01-01T00:00:00.000Z',
      'ecr-pull-secrets.io/recipe': 'r1',
      'ecr-pull-secrets.io/origin': 'created',
    },
    managedFields: [ourFields],
    ...changes,
  };
}

function stateOf(changes: Partial<ObjectMeta> = {}): PullSecretState {
  return readPullSecretState(secretMetadata(changes));
}

t.test('an absent secret is created at once, and only created', (t) => {
  t.match(planWrite(undefined, current, nowMs), {
    resourceVersion: '1',
    origin: 'created',
    reason: 'absent',
    isUrgent: true,
  });
  t.end();
});

t.test('a secret that holds the current tokens is left alone', (t) => {
  t.equal(planWrite(stateOf(), current, nowMs), undefined);
  t.end();
});

t.test('a secret with older tokens is written at the version that was seen, without hurry', (t) => {
  t.match(planWrite(stateOf(), renewed, nowMs), {
    resourceVersion: '7',
    reason: 'older-token',
    isUrgent: false,
  });
  t.end();
});

t.test('a secret with newer tokens than ours is never replaced', (t) => {
  const older = { ...current, renewedAtMs: renewedAtMs - HOUR_MS };
  t.equal(planWrite(stateOf(), older, nowMs), undefined);
  t.equal(planWrite(stateOf(), older, expiresAtMs), undefined, 'not even when it is dead');
  t.end();
});

t.test('a secret near its end is urgent', (t) => {
  const nearlyDeadMs = expiresAtMs - HOUR_MS;
  t.match(planWrite(stateOf(), renewed, nearlyDeadMs), { reason: 'dying', isUrgent: true });
  t.end();
});

t.test('other registries or another identity are a reason to write, whatever the ages', (t) => {
  const other = { ...current, recipe: 'r2', renewedAtMs: renewedAtMs - 1 };
  t.match(planWrite(stateOf(), other, nowMs), { reason: 'other-recipe', isUrgent: false });
  t.end();
});

t.test('a document that lacks a registry replaces only what is absent, edited or dying', (t) => {
  const lacking = { ...renewed, isComplete: false };
  t.equal(planWrite(stateOf(), lacking, nowMs), undefined);
  t.equal(planWrite(stateOf(), { ...lacking, recipe: 'r2' }, nowMs), undefined);
  t.ok(planWrite(undefined, lacking, nowMs));
  t.ok(planWrite(stateOf({ managedFields: [] }), lacking, nowMs));
  t.ok(planWrite(stateOf(), lacking, expiresAtMs - HOUR_MS));
  t.end();
});

t.test('a secret of which somebody else owns something now is repaired at once', (t) => {
  const without = (annotation: string) => ({
    ...ourFields,
    fieldsV1: {
      ...ourFields.fieldsV1,
      'f:metadata': {
        'f:annotations': Object.fromEntries(
          Object.entries(annotationFields).filter(([key]) => key !== annotation),
        ),
      },
    },
  });
  const entries = [
    ...Object.keys(annotationFields).map(without),
    { ...ourFields, fieldsV1: { ...ourFields.fieldsV1, 'f:data': {} } },
    { ...ourFields, operation: 'Update' },
    { ...ourFields, manager: 'kubectl-edit' },
    {},
  ];
  for (const entry of entries) {
    const plan = planWrite(stateOf({ managedFields: [entry] }), current, nowMs);
    t.match(plan, { reason: 'edited', origin: 'created', isUrgent: true });
  }
  t.end();
});

t.test('a co-owner that wrote the same value is no reason to write', (t) => {
  const state = stateOf({ managedFields: [{ ...ourFields, manager: 'gitops' }, ourFields] });
  t.equal(planWrite(state, current, nowMs), undefined);
  t.end();
});

t.test('a secret that says nothing about its origin counts as adopted', (t) => {
  const state = readPullSecretState({ name: 's', namespace: 'a', resourceVersion: '3' });
  t.match(planWrite(state, current, nowMs), { origin: 'adopted', resourceVersion: '3' });
  t.end();
});

t.test('instants that are none count as long past', (t) => {
  const annotations = {
    ...secretMetadata().annotations,
    'ecr-pull-secrets.io/expires-at': 'soon',
    'ecr-pull-secrets.io/renewed-at': 'once',
  };
  t.match(planWrite(stateOf({ annotations }), current, nowMs), { reason: 'dying' });
  t.end();
});

t.test('what we made goes with its token once a namespace opted out, the rest stays', (t) => {
  const adopted = {
    annotations: { ...secretMetadata().annotations, 'ecr-pull-secrets.io/origin': 'adopted' },
  };
  t.notOk(isRemovable(stateOf(), 'expire', expiresAtMs - 1));
  t.ok(isRemovable(stateOf(), 'expire', expiresAtMs));
  t.ok(isRemovable(stateOf(), 'delete', nowMs));
  t.notOk(isRemovable(stateOf(), 'keep', expiresAtMs));
  for (const policy of OPT_OUT_POLICIES) {
    t.notOk(isRemovable(stateOf(adopted), policy, expiresAtMs), `adopted, ${policy}`);
    t.notOk(isRemovable(stateOf({ managedFields: [] }), policy, expiresAtMs), `edited, ${policy}`);
  }
  t.end();
});

t.test('nothing is done in a namespace that is being deleted, nor without a document', (t) => {
  const facts = {
    isTarget: true,
    isAlive: true,
    secret: undefined,
    document: { ...current, dockerConfigJson: '{}' },
    optOutPolicy: 'expire',
    nowMs,
  } as const;
  t.match(planWork(facts), { kind: 'write', isUrgent: true });
  t.equal(planWork({ ...facts, isAlive: false }), undefined);
  t.equal(planWork({ ...facts, document: undefined }), undefined);
  t.equal(planWork({ ...facts, isTarget: false }), undefined);
  t.match(planWork({ ...facts, isTarget: false, secret: stateOf(), nowMs: expiresAtMs }), {
    kind: 'delete',
  });
  t.end();
});

const rule: NamespaceRule = {
  selector: parseLabelSelector('ecr-pull-secrets.io/inject=enabled'),
  target: parseNamespacePattern('team-*'),
  exclude: parseNamespacePattern('*-sandbox'),
};

const labels = { 'ecr-pull-secrets.io/inject': 'enabled' };

const allowed: readonly NamespaceRole[] = [
  { roleArn: 'arn:aws:iam::123456789012:role/a', namespaces: parseNamespacePattern('team-a*') },
];

function inventoryOf() {
  const news: string[] = [];
  const inventory = createInventory({
    rule,
    allowedRoles: allowed,
    changed: (namespace, cause) => news.push(`${cause} ${namespace}`),
    gone: (namespace) => news.push(`gone ${namespace}`),
    rolesChanged: () => news.push('roles'),
  });
  return { ...inventory, news };
}

t.test('each change of a namespace or of its secret is news', (t) => {
  const { namespaceHandler, secretHandler, news } = inventoryOf();
  const takeNews = (): readonly string[] => news.splice(0);
  namespaceHandler.replace([{ metadata: { name: 'a', labels } }, { metadata: { name: 'b' } }]);
  t.same(takeNews(), ['namespace a', 'namespace b']);
  secretHandler.replace([]);
  t.same(takeNews(), ['secret a', 'secret b']);
  namespaceHandler.upsert({ metadata: { name: 'c', labels } });
  secretHandler.upsert({ metadata: secretMetadata({ namespace: 'c' }) });
  secretHandler.remove({ metadata: secretMetadata({ namespace: 'c', resourceVersion: '8' }) });
  t.same(takeNews(), ['namespace c', 'secret c', 'secret c']);
  namespaceHandler.remove({ metadata: { name: 'c' } });
  namespaceHandler.replace([{ metadata: { name: 'a', labels } }]);
  t.same(takeNews(), ['gone c', 'gone b', 'namespace a']);
  t.end();
});

t.test('an inventory is complete when both lists are there', (t) => {
  const inventory = inventoryOf();
  inventory.namespaceHandler.replace([{ metadata: { name: 'a', labels } }]);
  t.notOk(inventory.isComplete(), 'an empty list of secrets would look like absent secrets');
  inventory.secretHandler.replace([]);
  t.ok(inventory.isComplete());
  t.match(inventory.target('a'), { kind: 'default' });
  t.end();
});

t.test('what the answer to a write said outlives older news of the watch', (t) => {
  const inventory = inventoryOf();
  inventory.learn('a', stateOf({ resourceVersion: '10' }));
  inventory.secretHandler.upsert({ metadata: secretMetadata({ resourceVersion: '9' }) });
  t.equal(inventory.secret('a')?.resourceVersion, '10');
  inventory.secretHandler.remove({ metadata: secretMetadata({ resourceVersion: '9' }) });
  t.equal(inventory.secret('a')?.resourceVersion, '10');
  inventory.secretHandler.remove({ metadata: secretMetadata({ resourceVersion: '11' }) });
  t.equal(inventory.secret('a'), undefined);
  t.end();
});

t.test('a namespace that left, or that a new list lacks, is no target any more', (t) => {
  const inventory = inventoryOf();
  inventory.namespaceHandler.replace([
    { metadata: { name: 'a', labels } },
    { metadata: { name: 'team-b' } },
  ]);
  inventory.secretHandler.replace([{ metadata: secretMetadata({ namespace: 'a' }) }]);
  inventory.namespaceHandler.upsert({ metadata: { name: 'a' } });
  t.equal(inventory.target('a'), undefined);
  t.ok(inventory.isAlive('a'));
  t.same([...inventory.namespaces()].toSorted(), ['a', 'team-b'], 'its secret is still known');
  inventory.namespaceHandler.replace([]);
  t.equal(inventory.target('team-b'), undefined);
  t.notOk(inventory.isAlive('a'));
  t.end();
});

t.test('roles are told of when the first namespace takes one and the last leaves it', (t) => {
  const inventory = inventoryOf();
  const annotations = { 'ecr-pull-secrets.io/role-arn': 'arn:aws:iam::123456789012:role/a' };
  inventory.namespaceHandler.upsert({ metadata: { name: 'team-a1', annotations } });
  inventory.namespaceHandler.upsert({ metadata: { name: 'team-a2', annotations } });
  inventory.namespaceHandler.upsert({ metadata: { name: 'team-b', annotations } });
  t.equal(inventory.news.filter((news) => news === 'roles').length, 1);
  t.same([...inventory.roles()], allowed);
  inventory.namespaceHandler.upsert({ metadata: { name: 'team-a1' } });
  inventory.namespaceHandler.remove({ metadata: { name: 'team-a2', annotations } });
  t.equal(inventory.news.filter((news) => news === 'roles').length, 2);
  t.same([...inventory.roles()], []);
  t.end();
});
