import assert from 'node:assert/strict';
import t from 'tap';
import { startChart } from './support/chart.ts';
import { type Container, environmentOf } from './support/containers.ts';
import { helmTestName } from './support/helm-test-name.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';

const { helm, path } = await startChart(t);

/** The objects of `helm test` for a release with the name of the product. */
async function testObjects(namespace: string, ...settings: readonly string[]) {
  const place = ['ecr-pull-secrets', path, '--namespace', namespace];
  const on = ['--set', 'awsRegion=us-east-1,networkPolicy.enabled=true'];
  const { stdout } = await helm(['template', ...place, ...on, ...settings]);
  return readManifest(stdout).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'test');
}

t.test('helm test creates its namespace first, never adopts an object, and deletes its objects', async (t) => {
  const objects = await testObjects('ecr-pull-secrets');
  t.strictSame(
    objects.map(({ kind, metadata }) => `${metadata.annotations?.['helm.sh/hook-weight']} ${kind}`).toSorted(),
    ['-1 Role', '-1 RoleBinding', '-1 ServiceAccount', '-2 NetworkPolicy', '-3 Namespace', '0 Pod'],
  );
  for (const { kind, metadata } of objects) {
    t.match(
      metadata,
      {
        name: helmTestName(),
        // Server-side apply does not adopt an object with another version.
        resourceVersion: '1',
        // Without before-hook-creation, which would delete an object that is not ours.
        annotations: { 'helm.sh/hook-delete-policy': /^hook-succeeded,hook-failed$/ },
      },
      kind,
    );
  }
});

/** The container of the test's own pod. */
async function ownContainer(...settings: readonly string[]): Promise<Container> {
  const pod = (await testObjects('ns', ...settings)).find(isPod);
  const [container] = pod?.spec.containers ?? [];
  assert.ok(container);
  return container;
}

type Pod = KubeObject & { readonly spec: { readonly containers: readonly Container[] } };

function isPod(object: KubeObject): object is Pod {
  return object.kind === 'Pod';
}

t.test('both pods of the test have the fields that policies may require', async (t) => {
  const tried = {
    image: '210987654321.dkr.ecr.eu-west-1.amazonaws.com/app:1',
    resources: { limits: { cpu: '1m' } },
    labels: { owner: 'us' },
    annotations: { 'example.com/why': 'a "test", no more' },
  };
  const values = {
    resources: { limits: { cpu: '1', memory: '150Mi' } },
    podImage: tried.image,
    podResources: tried.resources,
    podLabels: tried.labels,
    podAnnotations: tried.annotations,
  };
  const own = await ownContainer('--set-json', `helmTest=${JSON.stringify(values)}`);
  const env = environmentOf([own], 'test');
  t.strictSame(JSON.parse(env['TEST_POD'] ?? ''), tried);
  t.match(own, { resources: values.resources });
  t.match(env['NODE_OPTIONS'], /=64 /, 'the heap follows the limit');
});

t.test('the default resources of the test’s own pod are those of the renewer', async (t) => {
  const own = await ownContainer('--set', 'renewer.resources.limits.memory=900Mi');
  t.match(own, { resources: { requests: { memory: '192Mi' }, limits: { memory: '900Mi' } } });
  t.match(environmentOf([own], 'test')['NODE_OPTIONS'], /=300 /);
});

t.test('the namespace of the test is never that of the release', async (t) => {
  for (const [namespace, ...settings] of [
    ['ecr-pull-secrets-test'],
    ['team-a-test', '--set', 'fullnameOverride=team-a'],
  ] as const) {
    const names = (await testObjects(namespace, ...settings)).map(({ metadata }) => metadata.name);
    t.notOk(names.includes(namespace), namespace);
  }
});

t.test('releases of the same name in two namespaces have different test objects', async (t) => {
  const [one] = await testObjects('one');
  const [two] = await testObjects('two');
  t.equal(one?.metadata.name, helmTestName('one'));
  t.equal(two?.metadata.name, helmTestName('two'));
});

t.test('the name of the test fits into the name of a namespace', async (t) => {
  const [object] = await testObjects('ns', '--set', `fullnameOverride=${'a'.repeat(53)}`);
  t.match(object?.metadata.name, /^a{49}-test-[0-9a-f]{8}$/);
});
