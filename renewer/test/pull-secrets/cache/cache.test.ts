import assert from 'node:assert/strict';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import t from 'tap';
import type { ReflectorHandler } from '@ecr-pull-secrets/kube/reflector.ts';
import type { ObjectMeta, PartialObject } from '@ecr-pull-secrets/kube/objects.ts';
import { metadataSelection, readJson } from '@ecr-pull-secrets/kube/read-json.ts';
import {
  createPullSecretCache,
  type Following,
  type PullSecretCache,
} from '../../../src/pull-secrets/cache/cache.ts';
import { parseLabelSelector } from '../../../src/pull-secrets/cache/label-selector.ts';
import type { NamespaceRole } from '../../../src/pull-secrets/cache/namespace-roles.ts';
import { readPullSecretMetadata } from '../../../src/pull-secrets/cache/pull-secret-metadata.ts';
import type { NamespaceRule } from '../../../src/pull-secrets/cache/target-namespaces.ts';

function secretMetadata(changes: Partial<ObjectMeta> = {}): ObjectMeta {
  return { name: 'ecr-pull-secret', namespace: 'a', resourceVersion: '7', ...changes };
}

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
  const inventory = createPullSecretCache({
    rule,
    allowedRoles: allowed,
    changed: (namespace, cause) => news.push(`${cause} ${namespace}`),
    gone: (namespace) => news.push(`gone ${namespace}`),
    rolesChanged: () => news.push('roles'),
  });
  return { ...inventory, ...handlersOf(inventory), news };
}

/** Takes whole objects, as a list and a watch bring them. */
function handlersOf({ ofNamespaces, ofSecrets }: PullSecretCache) {
  return { namespaceHandler: reducing(ofNamespaces), secretHandler: reducing(ofSecrets) };
}

function reducing<R>(following: Following<R>): ReflectorHandler<PartialObject> {
  const { handler } = following;
  return {
    replace: (objects) => handler.replace(objects.map((object) => seen(following, object))),
    upsert: (object) => handler.upsert(seen(following, object)),
    remove: (object) => handler.remove(seen(following, object)),
  };
}

/** Of an object as the API server sends it only what is selected is read. */
function seen<R>({ metadataFields, reduce }: Following<R>, object: PartialObject): R {
  const read = readJson(Buffer.from(JSON.stringify(object)), metadataSelection(metadataFields));
  const kept = reduce(read);
  assert.deepEqual(kept, reduce(object), 'the selected fields are enough');
  return kept;
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
  inventory.learn('a', readPullSecretMetadata(secretMetadata({ resourceVersion: '10' })));
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

t.test('a namespace that keeps its role is no news of roles, whatever else changes', (t) => {
  const inventory = inventoryOf();
  const annotations = { 'ecr-pull-secrets.io/role-arn': 'arn:aws:iam::123456789012:role/a' };
  for (let change = 0; change < 10; change++) {
    inventory.namespaceHandler.upsert({ metadata: { name: 'team-a1', annotations } });
  }
  t.equal(inventory.news.filter((news) => news === 'roles').length, 1);
  inventory.namespaceHandler.replace([{ metadata: { name: 'team-a1', annotations } }]);
  t.equal(inventory.news.filter((news) => news === 'roles').length, 1);
  t.end();
});

t.test('a list tells of roles once, after all namespaces of it are known', (t) => {
  const known: string[][] = [];
  const inventory = createPullSecretCache({
    rule,
    allowedRoles: [
      ...allowed,
      { roleArn: 'arn:aws:iam::123456789012:role/b', namespaces: parseNamespacePattern('team-b') },
    ],
    changed: () => undefined,
    gone: () => undefined,
    rolesChanged: () => known.push([...inventory.namespaces()]),
  });
  const { namespaceHandler } = handlersOf(inventory);
  namespaceHandler.replace([team('team-a', 'a'), team('team-b', 'b')]);
  t.same(known, [['team-a', 'team-b']]);
  namespaceHandler.replace([team('team-b', 'b')]);
  t.same(known.at(-1), ['team-b']);
  t.equal(known.length, 2);
  t.end();
});

function team(name: string, role: string) {
  const roleArn = `arn:aws:iam::123456789012:role/${role}`;
  return { metadata: { name, annotations: { 'ecr-pull-secrets.io/role-arn': roleArn } } };
}

t.test('what strangers write into namespaces and secrets is not kept', (t) => {
  const { ofNamespaces, ofSecrets } = inventoryOf();
  const long = '✓'.repeat(80_000);
  const metadata: ObjectMeta = {
    ...secretMetadata(),
    labels: { ...labels, long },
    annotations: {
      'ecr-pull-secrets.io/role-arn': long,
      'ecr-pull-secrets.io/expires-at': long,
      'ecr-pull-secrets.io/renewed-at': long,
      'ecr-pull-secrets.io/plan-hash': long,
      'ecr-pull-secrets.io/origin': long,
    },
    managedFields: [{ manager: long, operation: long, fieldsV1: { [long]: {} } }],
  };
  for (const kept of [ofNamespaces.reduce({ metadata }), ofSecrets.reduce({ metadata })]) {
    const text = JSON.stringify(kept);
    t.ok(text.length < 800, `${text.length} characters`);
    t.notOk(text.includes('✓'), 'none of two bytes');
  }
  t.end();
});
