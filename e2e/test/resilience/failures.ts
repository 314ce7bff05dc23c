import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Test } from 'tap';
import type { ContainerStatus, PodStatus } from '@ecr-pull-secrets/testbed/local-node/pods/status.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { CA_SECRET, CONFIGURATION, readCaBundle, type WebhookConfiguration } from '../support/ca.ts';
import { pathOf, SECRET } from '../support/pull-secret.ts';
import { SERVER_NAME, WEBHOOK_PORT } from '../support/webhook-pods.ts';
import { playground } from './release.ts';

const HOME = '/api/v1/namespaces/ecr-pull-secrets';

/** As kubelet writes the last of the waits of 0, 0.5, 1, 2 and 4 s; it comes again and again. */
const LONGEST_BACK_OFF = /^back-off 4s restarting failed container=renewer /;

const { api, node } = playground;

/** A pod of ours, whose status the local node wrote. */
type Replica = Omit<Pod, 'status'> & { readonly status?: Partial<PodStatus> };

async function createEcrPod(): Promise<readonly (string | undefined)[]> {
  const { spec } = await api.createPod('labelled', {
    spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] },
  });
  return (spec.imagePullSecrets ?? []).map(({ name }) => name);
}

async function injected(): Promise<void> {
  assert.deepEqual(await createEcrPod(), [SECRET]);
}

/** Throws unless ten pods in a row are injected: both replicas have their turns. */
async function injectedByAll(): Promise<void> {
  for (let pod = 0; pod < 10; pod++) await injected();
}

function replicas(): Promise<readonly Replica[]> {
  return api.list<Replica>(`${HOME}/pods`, {
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
  const { data } = await api.get<Secret>(CA_SECRET);
  return new X509Certificate(Buffer.from(data?.['tls.crt'] ?? '', 'base64'));
}

function pidOf({ metadata }: Replica, container: string): number | undefined {
  return node.processes('ecr-pull-secrets', metadata.name).get(container);
}

function kill(pod: Replica, container: string): void {
  const pid = pidOf(pod, container);
  assert.ok(pid, `${pod.metadata.name} runs ${container}`);
  process.kill(pid, 'SIGKILL');
}

function statusOf({ status }: Replica, container: string): ContainerStatus {
  const found = status?.containerStatuses?.find(({ name }) => name === container);
  assert.ok(found);
  return found;
}

/** The webhooks of all replicas; the same as before if none of them was started anew. */
function webhooksOf(pods: readonly Replica[]): readonly object[] {
  return pods.map((pod) => ({
    name: pod.metadata.name,
    pid: pidOf(pod, 'webhook'),
    restarts: statusOf(pod, 'webhook').restartCount,
  }));
}

/** Where a replica is reached past the Service. */
function addressOf({ status }: Replica): string {
  const address = node.toLoopback(status?.podIP ?? '');
  assert.ok(address);
  return address;
}

/** Why the API server would not trust the certificate that a replica shows; nothing if it would. */
async function distrustOf(pod: Replica, ca: string): Promise<string | undefined> {
  const host = addressOf(pod);
  const check = { ca, servername: SERVER_NAME, rejectUnauthorized: false };
  const socket = connect({ host, port: WEBHOOK_PORT, ...check });
  try {
    await once(socket, 'secureConnect');
    return socket.authorized ? undefined : String(socket.authorizationError);
  } finally {
    socket.destroy();
  }
}

function isReady(status: Replica['status']): boolean {
  return Boolean(status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'));
}

function restarts(pods: readonly Replica[]): number {
  return pods
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** Processes, the CA and the configuration fail. */
export async function testFailures(t: Test): Promise<void> {
  await api.createNamespace('labelled');
  await eventually('injection works', injected);

  t.test('it runs if Pod Security “restricted” is enforced', async (t) => {
    const spec = { serviceAccountName: 'default', containers: [{ name: 'app', image: 'nginx' }] };
    await t.rejects(api.createPod('ecr-pull-secrets', { spec }), {
      message: / 403 .*violates PodSecurity "restricted:latest"/,
    });
    await allReady();
  });

  t.test('two replicas that started at once agree on one CA, which is the caBundle', async (t) => {
    const ca = await readCaBundle(api);
    const { fingerprint256 } = await readCertificate();
    t.equal(new X509Certificate(ca).fingerprint256, fingerprint256);
    const logs = await Promise.all(
      (await replicas()).map(({ metadata }) => node.logs('ecr-pull-secrets', metadata.name, 'renewer')),
    );
    t.equal(logs.join('').match(/created a CA/g)?.length, 1);
    for (const pod of await replicas()) {
      t.equal(await distrustOf(pod, ca), undefined, pod.metadata.name);
    }
  });

  t.test('a caBundle that was cleared is repaired, and nothing else is touched', async (t) => {
    const before = await readCaBundle(api);
    const { webhooks } = await api.get<WebhookConfiguration>(CONFIGURATION);
    await api.merge(CONFIGURATION, {
      webhooks: webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: { ...webhook.clientConfig, caBundle: '' },
      })),
    });
    await eventually('the repair', async () => assert.equal(await readCaBundle(api), before), 10_000);
    await eventually('injection works', injected);
    t.same(await api.get<WebhookConfiguration>(CONFIGURATION).then((found) => found.webhooks), webhooks);
  });

  t.test('an upgrade that changes nothing leaves the caBundle and the pods', async (t) => {
    const before = await readCaBundle(api);
    const names = (await replicas()).map(({ metadata }) => metadata.name);
    await playground.install();
    t.equal(await readCaBundle(api), before);
    t.same(
      (await replicas()).map(({ metadata }) => metadata.name),
      names,
    );
  });

  t.test('a CA that was deleted is replaced, and taken over without a restart', async (t) => {
    const before = await readCertificate();
    const restartsBefore = restarts(await replicas());
    await api.remove(CA_SECRET);
    await eventually('another CA', async () => {
      assert.notEqual((await readCertificate()).fingerprint256, before.fingerprint256);
    });
    await eventually('injection works', injectedByAll);
    t.equal(restarts(await replicas()), restartsBefore);
  });

  t.test('a CA that was overwritten with rubbish is replaced', async (t) => {
    await api.merge(CA_SECRET, { data: { 'tls.crt': 'eA==' } });
    await eventually('a usable CA', readCertificate);
    await eventually('injection works', injectedByAll);
    t.pass();
  });

  t.test('renewers that are killed in every replica come back, and no pod is ever refused', async (t) => {
    const before = await replicas();
    const webhooks = webhooksOf(before);
    for (const pod of before) kill(pod, 'renewer');
    await t.resolves(createEcrPod(), 'in the meantime pods are created, injected or not');
    await eventually('each renewer is started anew', async () =>
      assert.equal(restarts(await replicas()), restarts(before) + before.length),
    );
    await eventually('all replicas are ready again', allReady);
    await eventually('injection works', injectedByAll);
    t.same(webhooksOf(await replicas()), webhooks, 'the webhooks ran on');
  });

  t.test('renewers that crash again and again take nothing with them, and recover by themselves', async (t) => {
    const webhooks = webhooksOf(await replicas());
    const looping = await eventually('every replica in its longest back-off', async () => {
      const pods = await replicas();
      for (const pod of pods) if (pidOf(pod, 'renewer')) kill(pod, 'renewer');
      for (const pod of pods) {
        const { waiting } = statusOf(pod, 'renewer').state;
        assert.equal(waiting?.reason, 'CrashLoopBackOff');
        assert.match(waiting.message ?? '', LONGEST_BACK_OFF);
      }
      return pods;
    });
    await t.resolves(createEcrPod(), 'in the meantime pods are created, injected or not');
    for (const pod of looping) {
      const { status } = await fetch(`http://${addressOf(pod)}:9402/readyz`);
      t.equal(status, 200, `the webhook of ${pod.metadata.name} is well`);
    }
    await eventually('all replicas are ready again', allReady);
    await eventually('injection works', injectedByAll);
    t.same(webhooksOf(await replicas()), webhooks, 'the webhooks ran on');
  });

  t.test('after the leader was killed another renewer serves new namespaces', async (t) => {
    const { spec } = await api.get<{ spec: { holderIdentity: string } }>(
      '/apis/coordination.k8s.io/v1/namespaces/ecr-pull-secrets/leases/ecr-pull-secrets',
    );
    const leader = (await replicas()).find(({ metadata }) => spec.holderIdentity.startsWith(metadata.name));
    assert.ok(leader);
    kill(leader, 'renewer');
    await api.createNamespace('after-the-leader');
    await eventually('the secret', () => api.get(pathOf('after-the-leader')), 25_000);
    t.pass();
  });

  t.test('a wrong configuration stops the rollout and takes nothing out of service', async (t) => {
    // Something that the chart takes, and only the renewer finds wrong.
    const extraEnv = [{ name: 'https_proxy', value: 'ftp://proxy.example.com' }];
    await playground.install({ renewer: { extraEnv } }, { wait: false });
    const pod = await eventually('a new replica', async () => {
      const found = (await replicas()).find(({ status }) => !isReady(status));
      assert.ok(found);
      const log = await node.logs('ecr-pull-secrets', found.metadata.name, 'renewer');
      assert.match(log, /https_proxy: .*; for example https_proxy=/);
      return found;
    });
    const { status } = await api.get<{ status: { podIP: string } }>(`${HOME}/pods/${pod.metadata.name}`);
    // Nothing restarts it, which would change nothing.
    await eventually('its probes are answered', async () => {
      const ops = `http://${node.toLoopback(status.podIP)}:9403`;
      const [live, ready] = await Promise.all([fetch(`${ops}/livez`), fetch(`${ops}/readyz`)]);
      assert.deepEqual([live.status, ready.status], [200, 503]);
    });
    t.equal((await replicas()).filter((replica) => isReady(replica.status)).length, 2);
    await injected();
    await playground.install();
    await eventually('all replicas are ready again', allReady);
  });
}
