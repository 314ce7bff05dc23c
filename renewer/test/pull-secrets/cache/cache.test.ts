import assert from 'node:assert/strict';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import t from 'tap';
import type { ReflectorHandler, ReflectorSettings } from '@ecr-pull-secrets/kube/reflector.ts';
import type { ObjectMeta, PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { metadataSelection, readJson } from '@ecr-pull-secrets/kube/read-json.ts';
import { createPullSecretCache, type PullSecretCache } from '../../../src/pull-secrets/cache/cache.ts';
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

const allowed: NamespaceRole[] = [
  { roleArn: 'arn:aws:iam::123456789012:role/a', namespaces: parseNamespacePattern('team-a*') },
];

const settings = {
  pullSecretName: 'ecr-pull-secret',
  namespaceRule: rule,
  namespaceRoles: allowed,
};

function startCache() {
  const changes: string[] = [];
  const cache = createPullSecretCache(settings);
  cache.setEventHandler({
    onChange: (namespace, object) => changes.push(`${object} ${namespace}`),
    onDelete: (namespace) => changes.push(`gone ${namespace}`),
    onRolesChange: () => changes.push('roles'),
  });
  return { ...cache, ...handlersOf(cache), changes };
}

/** Takes whole objects, as a list and a watch bring them. */
function handlersOf({ namespaceReflector, secretReflector }: PullSecretCache) {
  return {
    namespaceHandler: reducing(namespaceReflector),
    secretHandler: reducing(secretReflector),
  };
}

type CacheReflector<R> = ReflectorSettings<PartialObjectMetadata, R> &
  Required<Pick<ReflectorSettings<PartialObjectMetadata, R>, 'metadataFields'>>;

function reducing<R>(reflector: CacheReflector<R>): ReflectorHandler<PartialObjectMetadata> {
  const { handler } = reflector;
  return {
    replace: (objects) => handler.replace(objects.map((object) => seen(reflector, object))),
    upsert: (object) => handler.upsert(seen(reflector, object)),
    remove: (object) => handler.remove(seen(reflector, object)),
  };
}

/** Only the selected fields of an object are read. */
function seen<R>({ metadataFields, reduce }: CacheReflector<R>, object: PartialObjectMetadata): R {
  const read = readJson(Buffer.from(JSON.stringify(object)), metadataSelection(metadataFields));
  const kept = reduce(read);
  assert.deepEqual(kept, reduce(object), 'the selected fields are enough');
  return kept;
}

t.test('each change of a namespace or of its secret is reported', (t) => {
  const { namespaceHandler, secretHandler, changes } = startCache();
  const takeChanges = (): readonly string[] => changes.splice(0);
  namespaceHandler.replace([{ metadata: { name: 'a', labels } }, { metadata: { name: 'b' } }]);
  t.same(takeChanges(), ['namespace a', 'namespace b']);
  secretHandler.replace([]);
  t.same(takeChanges(), ['secret a', 'secret b']);
  namespaceHandler.upsert({ metadata: { name: 'c', labels } });
  secretHandler.upsert({ metadata: secretMetadata({ namespace: 'c' }) });
  secretHandler.remove({ metadata: secretMetadata({ namespace: 'c', resourceVersion: '8' }) });
  t.same(takeChanges(), ['namespace c', 'secret c', 'secret c']);
  namespaceHandler.remove({ metadata: { name: 'c' } });
  namespaceHandler.replace([{ metadata: { name: 'a', labels } }]);
  t.same(takeChanges(), ['gone c', 'gone b', 'namespace a']);
  t.end();
});

t.test('the cache is complete when both lists are there', (t) => {
  const cache = startCache();
  cache.namespaceHandler.replace([{ metadata: { name: 'a', labels } }]);
  t.notOk(cache.isComplete(), 'an empty list of secrets would look like absent secrets');
  cache.secretHandler.replace([]);
  t.ok(cache.isComplete());
  t.match(cache.target('a'), { kind: 'default' });
  t.end();
});

t.test('the response to a write outlives older events of the watch', (t) => {
  const cache = startCache();
  cache.update('a', readPullSecretMetadata(secretMetadata({ resourceVersion: '10' })));
  cache.secretHandler.upsert({ metadata: secretMetadata({ resourceVersion: '9' }) });
  t.equal(cache.secret('a')?.resourceVersion, '10');
  cache.secretHandler.remove({ metadata: secretMetadata({ resourceVersion: '9' }) });
  t.equal(cache.secret('a')?.resourceVersion, '10');
  cache.secretHandler.remove({ metadata: secretMetadata({ resourceVersion: '11' }) });
  t.equal(cache.secret('a'), undefined);
  t.end();
});

t.test('a namespace that left, or that a new list lacks, is no target any more', (t) => {
  const cache = startCache();
  cache.namespaceHandler.replace([{ metadata: { name: 'a', labels } }, { metadata: { name: 'team-b' } }]);
  cache.secretHandler.replace([{ metadata: secretMetadata({ namespace: 'a' }) }]);
  cache.namespaceHandler.upsert({ metadata: { name: 'a' } });
  t.equal(cache.target('a'), undefined);
  t.ok(cache.isAlive('a'));
  t.same([...cache.namespaces()].toSorted(), ['a', 'team-b'], 'its secret is still in the cache');
  cache.namespaceHandler.replace([]);
  t.equal(cache.target('team-b'), undefined);
  t.notOk(cache.isAlive('a'));
  t.end();
});

t.test('roles change if the first namespace takes one and if the last leaves it', (t) => {
  const cache = startCache();
  const annotations = { 'ecr-pull-secrets.io/role-arn': 'arn:aws:iam::123456789012:role/a' };
  cache.namespaceHandler.upsert({ metadata: { name: 'team-a1', annotations } });
  cache.namespaceHandler.upsert({ metadata: { name: 'team-a2', annotations } });
  cache.namespaceHandler.upsert({ metadata: { name: 'team-b', annotations } });
  t.equal(cache.changes.filter((change) => change === 'roles').length, 1);
  t.same([...cache.roles()], allowed);
  cache.namespaceHandler.upsert({ metadata: { name: 'team-a1' } });
  cache.namespaceHandler.remove({ metadata: { name: 'team-a2', annotations } });
  t.equal(cache.changes.filter((change) => change === 'roles').length, 2);
  t.same([...cache.roles()], []);
  t.end();
});

t.test('other changes of a namespace with a role do not change the roles', (t) => {
  const cache = startCache();
  const annotations = { 'ecr-pull-secrets.io/role-arn': 'arn:aws:iam::123456789012:role/a' };
  for (let change = 0; change < 10; change++) {
    cache.namespaceHandler.upsert({ metadata: { name: 'team-a1', annotations } });
  }
  t.equal(cache.changes.filter((change) => change === 'roles').length, 1);
  cache.namespaceHandler.replace([{ metadata: { name: 'team-a1', annotations } }]);
  t.equal(cache.changes.filter((change) => change === 'roles').length, 1);
  t.end();
});

t.test('a list changes the roles once, after all its namespaces are in the cache', (t) => {
  const seenNamespaces: string[][] = [];
  const cache = createPullSecretCache({
    ...settings,
    namespaceRoles: [
      ...allowed,
      { roleArn: 'arn:aws:iam::123456789012:role/b', namespaces: parseNamespacePattern('team-b') },
    ],
  });
  cache.setEventHandler({
    onChange: () => undefined,
    onDelete: () => undefined,
    onRolesChange: () => seenNamespaces.push([...cache.namespaces()]),
  });
  const { namespaceHandler } = handlersOf(cache);
  namespaceHandler.replace([team('team-a', 'a'), team('team-b', 'b')]);
  t.same(seenNamespaces, [['team-a', 'team-b']]);
  namespaceHandler.replace([team('team-b', 'b')]);
  t.same(seenNamespaces.at(-1), ['team-b']);
  t.equal(seenNamespaces.length, 2);
  t.end();
});

function team(name: string, role: string) {
  const roleArn = `arn:aws:iam::123456789012:role/${role}`;
  return { metadata: { name, annotations: { 'ecr-pull-secrets.io/role-arn': roleArn } } };
}

t.test('what strangers write into namespaces and secrets is not kept', (t) => {
  const { namespaceReflector, secretReflector } = startCache();
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
  for (const { reduce } of [namespaceReflector, secretReflector]) {
    const text = JSON.stringify(reduce({ metadata }));
    t.ok(text.length < 800, `${text.length} characters`);
    t.notOk(text.includes('✓'), 'none of two bytes');
  }
  t.end();
});
