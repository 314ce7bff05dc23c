import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { eventually } from '../src/playground/eventually.ts';
import type { Pod, Secret } from '../src/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '../src/playground/playground.ts';

const SECRET = 'ecr-pull-secret';
const HOME = '/api/v1/namespaces/ecr-pull-secrets';
const CONFIGURATION =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/ecr-pull-secrets';

const playground = await startPlayground({
  restartBackOff: { baseMs: 500, capMs: 4_000 },
});
t.teardown(() => playground.close());
const { api, node } = playground;
await playground.install();
await api.createNamespace('labelled');
await eventually('injection works', injected);

interface WebhookConfiguration {
  readonly metadata: { readonly resourceVersion: string };
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

async function createEcrPod(): Promise<readonly (string | undefined)[]> {
  const { spec } = await api.createPod('labelled', {
    spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] },
  });
  return (spec.imagePullSecrets ?? []).map(({ name }) => name);
}

async function injected(): Promise<void> {
  assert.deepEqual(await createEcrPod(), [SECRET]);
}

function replicas(): Promise<readonly Pod[]> {
  return api.list<Pod>(`${HOME}/pods`, {
    labelSelector: 'app.kubernetes.io/name=ecr-pull-secrets',
  });
}

async function allReady(): Promise<void> {
  const pods = await replicas();
  assert.equal(pods.length, 2);
  for (const { status } of pods) {
    assert.ok(isReady(status));
  }
}

async function readCertificate(): Promise<X509Certificate> {
  const { data } = await api.get<Secret>(`${HOME}/secrets/ecr-pull-secrets-ca`);
  return new X509Certificate(Buffer.from(data?.['tls.crt'] ?? '', 'base64'));
}

async function caBundle(): Promise<string> {
  const { webhooks } = await api.get<WebhookConfiguration>(CONFIGURATION);
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
}

function kill(pod: Pod, container: string): void {
  const pid = node.processes('ecr-pull-secrets', pod.metadata.name).get(container);
  assert.ok(pid, `${pod.metadata.name} runs ${container}`);
  process.kill(pid, 'SIGKILL');
}

t.test(
  'two replicas that started at once agree on one authority, which is the caBundle',
  async (t) => {
    const authority = await readCertificate();
    t.equal(new X509Certificate(await caBundle()).fingerprint256, authority.fingerprint256);
    const logs = await Promise.all(
      (await replicas()).map(({ metadata }) =>
        node.logs('ecr-pull-secrets', metadata.name, 'renewer'),
      ),
    );
    t.equal(logs.join('').match(/made a certificate authority/g)?.length, 1);
    for (const log of logs) t.match(log, /signed a serving certificate/);
  },
);

t.test('a caBundle that somebody cleared is repaired, and nothing else is touched', async (t) => {
  const before = await caBundle();
  const { webhooks } = await api.get<WebhookConfiguration>(CONFIGURATION);
  await api.merge(CONFIGURATION, {
    webhooks: webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: { ...webhook.clientConfig, caBundle: '' },
    })),
  });
  await eventually('the repair', async () => assert.equal(await caBundle(), before), 10_000);
  await eventually('injection works', injected);
  t.same(
    await api.get<WebhookConfiguration>(CONFIGURATION).then((found) => found.webhooks),
    webhooks,
  );
});

t.test('an upgrade that changes nothing leaves the caBundle and the pods', async (t) => {
  const before = await caBundle();
  const names = (await replicas()).map(({ metadata }) => metadata.name);
  await playground.install();
  t.equal(await caBundle(), before);
  t.same(
    (await replicas()).map(({ metadata }) => metadata.name),
    names,
  );
});

t.test(
  'an authority that was deleted is made anew, and taken over without a restart',
  async (t) => {
    const before = await readCertificate();
    const restartsBefore = restarts(await replicas());
    await api.remove(`${HOME}/secrets/ecr-pull-secrets-ca`);
    await eventually('another authority', async () => {
      assert.notEqual((await readCertificate()).fingerprint256, before.fingerprint256);
    });
    await eventually('injection works', async () => {
      // Both replicas have to have it.
      for (let pod = 0; pod < 10; pod++) await injected();
    });
    t.equal(restarts(await replicas()), restartsBefore);
  },
);

t.test('an authority that was overwritten with rubbish is replaced', async (t) => {
  await api.merge(`${HOME}/secrets/ecr-pull-secrets-ca`, { data: { 'tls.crt': 'eA==' } });
  await eventually('a usable authority', readCertificate);
  await eventually('injection works', async () => {
    for (let pod = 0; pod < 10; pod++) await injected();
  });
  t.pass();
});

t.test(
  'renewers that are killed in every replica come back, and no pod is ever refused',
  async (t) => {
    for (const pod of await replicas()) kill(pod, 'renewer');
    await t.resolves(createEcrPod(), 'in the meantime pods are created, injected or not');
    await eventually('all replicas are ready again', allReady);
    await eventually('injection works', injected);
  },
);

t.test(
  'renewers that crash again and again take nothing with them, and recover by themselves',
  async (t) => {
    for (let crash = 0; crash < 3; crash++) {
      for (const pod of await replicas()) {
        await eventually('the renewer runs', () => kill(pod, 'renewer'));
      }
      await t.resolves(createEcrPod());
    }
    await eventually('the crash loop shows', async () => {
      const [pod] = await replicas();
      const status = pod?.status?.containerStatuses?.find(({ name }) => name === 'renewer');
      assert.ok((status?.restartCount ?? 0) >= 3);
    });
    await eventually('all replicas are ready again', allReady);
    await eventually('injection works', injected);
  },
);

t.test('after the leader was killed another renewer serves new namespaces', async (t) => {
  const { spec } = await api.get<{ spec: { holderIdentity: string } }>(
    '/apis/coordination.k8s.io/v1/namespaces/ecr-pull-secrets/leases/ecr-pull-secrets',
  );
  const leader = (await replicas()).find(({ metadata }) =>
    spec.holderIdentity.startsWith(metadata.name),
  );
  assert.ok(leader);
  kill(leader, 'renewer');
  await api.createNamespace('after-the-leader');
  const path = `/api/v1/namespaces/after-the-leader/secrets/${SECRET}`;
  await eventually('the secret', () => api.get(path), 25_000);
  t.pass();
});

t.test('a wrong configuration stops the rollout and takes nothing out of service', async (t) => {
  await playground.install({ excludeNamespace: 'Not_A_Name' }, { wait: false });
  const pod = await eventually('a new replica', async () => {
    const found = (await replicas()).find(({ status }) => !isReady(status));
    assert.ok(found);
    const log = await node.logs('ecr-pull-secrets', found.metadata.name, 'renewer');
    assert.match(log, /EXCLUDE_NAMESPACE=.*Not_A_Name.*for example EXCLUDE_NAMESPACE=/);
    return found;
  });
  const { status } = await api.get<{ status: { podIP: string } }>(
    `${HOME}/pods/${pod.metadata.name}`,
  );
  // Nothing restarts it, which would change nothing.
  await eventually('its liveness probe is answered', async () => {
    const live = await fetch(`http://${node.toLoopback(status.podIP)}:9403/livez`);
    assert.equal(live.status, 200);
  });
  t.equal((await replicas()).filter((replica) => isReady(replica.status)).length, 2);
  await injected();
  await playground.install();
  await eventually('all replicas are ready again', allReady);
});

function isReady(status: Pod['status']): boolean {
  return Boolean(
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
  );
}

function restarts(pods: readonly Pod[]): number {
  return pods
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
}
