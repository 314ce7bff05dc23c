import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { DEPLOY_YAML, renderDeployYaml } from '../src/deploy-yaml/render.ts';
import { eventually } from '../src/playground/eventually.ts';
import type { Pod } from '../src/playground/kube-api.ts';
import { AWS_IDENTITY, REGISTRY, startPlayground } from '../src/playground/playground.ts';
import { chooseServicePort } from '../src/playground/ports.ts';
import { SECRET, pullSecretsOf } from './support/pull-secret.ts';
import {
  applyServerSide,
  type KubeObject,
  readManifest,
  recreateClientSide,
} from './support/server-side-apply.ts';

const HOME = 'ecr-pull-secrets';

const text = await readFile(DEPLOY_YAML, 'utf8');
const image = /image: "(.+)"/.exec(text)?.[1] ?? '';
const playground = await startPlayground({ publishedAs: image });
t.teardown(() => playground.close());
const { api, client, cluster } = playground;
const { secretIn, loginWith } = pullSecretsOf(playground);

// The file as it stands, but where this user may not listen on the Service's port.
const manifest = readManifest(
  text.replaceAll('port: 443\n', `port: ${await chooseServicePort()}\n`),
);

function podsOfOurs(): Promise<readonly Pod[]> {
  return api.list<Pod>(`/api/v1/namespaces/${HOME}/pods`);
}

t.test(
  'the file is what the chart makes: after a change of it run npm run deploy-yaml',
  async (t) => {
    t.equal(text, await renderDeployYaml(cluster.helm));
  },
);

t.test('it says what to do, and names no cluster, no region, no key', (t) => {
  const { header } = /^(?<header>(?:#.*\n)+)---\n/.exec(text)?.groups ?? {};
  t.match(header, 'kubectl apply -f deploy.yaml');
  t.match(
    header,
    'kubectl create secret generic ecr-pull-secrets-aws --namespace ecr-pull-secrets',
  );
  t.notMatch(text, /caBundle:|helm\.sh|managed-by/);
  t.end();
});

t.test('applied to an empty cluster it waits for the Secret with the keys', async (t) => {
  await applyServerSide(client, manifest);
  await eventually('both pods say what they wait for', async () => {
    const pods = await podsOfOurs();
    assert.equal(pods.length, 2);
    for (const { status } of pods) {
      const renewer = status?.containerStatuses?.find(({ name }) => name === 'renewer');
      assert.match(JSON.stringify(renewer), /CreateContainerConfigError.*ecr-pull-secrets-aws/);
    }
  });
  await api.create(`/api/v1/namespaces/${HOME}/secrets`, {
    metadata: { name: 'ecr-pull-secrets-aws' },
    stringData: {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: AWS_IDENTITY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: AWS_IDENTITY.secretAccessKey,
    },
  });
  await eventually(
    'both replicas are ready',
    async () => {
      const { status } = await api.get<{ status: { readyReplicas?: number } }>(
        `/apis/apps/v1/namespaces/${HOME}/deployments/${HOME}`,
      );
      assert.equal(status.readyReplicas, 2);
    },
    90_000,
  );
  t.pass();
});

t.test('then one labelled namespace and one pod: injected, and the secret logs in', async (t) => {
  await api.createNamespace('payments');
  t.equal(await loginWith(await secretIn('payments')), 200);
  const { spec } = await api.createPod('payments', {
    spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] },
  });
  t.same(spec.imagePullSecrets, [{ name: SECRET }]);
});

t.test('applied again it changes nothing, caBundle included', async (t) => {
  const first = await applyServerSide(client, manifest);
  const second = await applyServerSide(client, manifest);
  t.same(second.map(versionOf), first.map(versionOf));
  const configuration = second.find(({ kind }) => kind === 'MutatingWebhookConfiguration');
  t.match(JSON.stringify(configuration), /"caBundle":"LS0t/);
});

t.test('who applied it client-side goes over to --server-side without a conflict', async (t) => {
  const objects = manifest.filter(({ kind }) => kind !== 'Namespace');
  for (const object of objects) await recreateClientSide(client, object);
  t.equal((await applyServerSide(client, objects)).length, objects.length);
});

/** Of what a controller writes to all the time, the version of what people ask for. */
function versionOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.generation ?? metadata.resourceVersion}`;
}
