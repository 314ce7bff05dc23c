import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { CA_SECRET, askForRotation, readSigner, readTrusted } from './support/ca.ts';
import { handshakesNow, watchHandshakes } from './support/handshakes.ts';
import { createInjected } from './support/injected.ts';
import { LOADED_NAMESPACE, unnoticed } from './support/pod-load.ts';
import { pathOf } from './support/pull-secret.ts';
import { logOf, nextLeader, replicasOf } from './support/renewers.ts';

const SECRETS = `/api/v1/namespaces/${PRODUCT_NAME}/secrets`;

/** Long enough to do something in the middle of a rotation. */
const SELF_MANAGED = { trustPropagation: '4s', servingLifetime: '60s', caLifetime: '1h' };

const playground = await startPlayground({ restartBackOff: { baseMs: 500, capMs: 4_000 } });
t.teardown(() => playground.close());
const { api, node } = playground;
await playground.install({ tls: { selfManaged: SELF_MANAGED } });
await api.createNamespace(LOADED_NAMESPACE);
await eventually('the secret', () => api.get(pathOf(LOADED_NAMESPACE)));
await eventually('injection works', injected);

function injected(): Promise<void> {
  return createInjected(api);
}

/** Waits until another CA signs. */
async function anotherSigns(before: string, withinMs?: number): Promise<void> {
  const check = async (): Promise<void> => {
    const signer = await readSigner(api);
    assert.notEqual(signer, '');
    assert.notEqual(signer, before);
    assert.ok((await readTrusted(api)).some(({ fingerprint256 }) => fingerprint256 === signer));
  };
  await eventually('another CA signs', check, withinMs);
  // Its certificates are in use from a moment later on: the load has to meet them.
  await delay(1_000);
}

/** Process ids of the renewers of all replicas. */
async function renewers(): Promise<readonly number[]> {
  const pods = await replicasOf(playground);
  const pids = pods.map((pod) => node.processes(PRODUCT_NAME, pod).get('renewer'));
  return pids.filter((pid) => pid !== undefined);
}

/** Does something while no renewer can look. */
async function unseen(action: () => Promise<unknown>): Promise<void> {
  const stopped = await renewers();
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  try {
    await action();
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
  }
}

t.test('a rotation goes on after its leader was killed, and no pod is missed', (t) =>
  unnoticed(t, playground, async () => {
    const before = await readSigner(api);
    const leader = await nextLeader(playground);
    await askForRotation(api);
    await eventually('both are trusted', async () => {
      assert.equal((await readTrusted(api)).length, 2);
    });
    t.equal(await readSigner(api), before, 'it was killed between two steps');
    process.kill(leader.pid, 'SIGKILL');
    await anotherSigns(before, 45_000);
  }),
);

for (const [what, damage] of Object.entries<() => Promise<unknown>>({
  'is deleted': () => api.remove(CA_SECRET),
  'is overwritten with rubbish': () =>
    api.merge(CA_SECRET, { data: { 'tls.crt': 'eA==', 'tls.key': 'eA==', 'ca.crt': 'eA==' } }),
  'has a key of no use': () => api.merge(CA_SECRET, { data: { 'tls.key': 'eA==' } }),
  'is of another type': () =>
    unseen(async () => {
      await api.remove(CA_SECRET);
      await api.create(SECRETS, {
        metadata: { name: `${PRODUCT_NAME}-ca` },
        type: 'kubernetes.io/basic-auth',
        stringData: { username: 'x', password: 'y' },
      });
    }),
  'is immutable and useless': () =>
    unseen(async () => {
      await api.remove(CA_SECRET);
      await api.create(SECRETS, {
        metadata: { name: `${PRODUCT_NAME}-ca` },
        immutable: true,
        data: { 'tls.crt': 'eA==' },
      });
    }),
})) {
  t.test(`a CA whose Secret ${what} is replaced, and no pod is missed`, (t) =>
    unnoticed(t, playground, async () => {
      const before = await readSigner(api);
      await damage();
      await anotherSigns(before);
    }),
  );
}

t.test('a CA from a backup takes the place of ours, and no pod is missed', (t) =>
  unnoticed(t, playground, async () => {
    const backup = await createCa({ commonName: 'backup', now: new Date() });
    const { untrusted } = await watchHandshakes(playground, async () => {
      const leader = await nextLeader(playground);
      // The other replica sees it before the leader, which publishes.
      process.kill(leader.pid, 'SIGSTOP');
      await restoreBackup(backup);
      await delay(2_000);
      process.kill(leader.pid, 'SIGCONT');
      await eachServes(backup);
      await delay(1_000);
    });
    t.strictSame(untrusted, []);
  }),
);

t.test('a leader that stops during the trust propagation hands over what it retains, and no pod is missed', (t) =>
  unnoticed(t, playground, async () => {
    const backup = await createCa({ commonName: 'backup', now: new Date() });
    const { untrusted } = await watchHandshakes(playground, async () => {
      const replaced = await readSigner(api);
      const leader = await nextLeader(playground);
      await restoreBackup(backup);
      const restored = await readSigner(api);
      await eventually('both are trusted', async () => assert.ok(await isTrusted(restored)));
      process.kill(leader.pid, 'SIGTERM');
      // The Secret no longer holds the replaced CA: a new leader finds it in caBundle alone.
      await nextLeader(playground, leader.identity);
      const stillServes = (await handshakesNow(playground, backup.certificatePem)).filter(
        ({ problem }) => problem !== '',
      );
      t.ok(stillServes.length > 0, 'a replica still serves by the CA that was replaced');
      await eachServes(backup);
      t.ok(await isTrusted(replaced), 'the new leader retains it');
      await delay(1_000);
    });
    t.strictSame(untrusted, []);
  }),
);

async function isTrusted(fingerprint: string): Promise<boolean> {
  return (await readTrusted(api)).some(({ fingerprint256 }) => fingerprint256 === fingerprint);
}

/** As a person does who has nothing but the key pair in the backup. */
async function restoreBackup({ certificatePem, privateKeyPem }: PemPair): Promise<void> {
  const [certificate, key] = [certificatePem, privateKeyPem].map(encode);
  await api.merge(CA_SECRET, {
    data: { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': certificate },
  });
}

async function eachServes({ certificatePem }: PemPair): Promise<void> {
  await eventually('each replica serves with it', async () => {
    const served = await handshakesNow(playground, certificatePem);
    assert.deepEqual([...new Set(served.map(({ problem }) => problem))], ['']);
  });
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

t.test('a policy that refuses our writes costs no CA', async (t) => {
  const before = await readSigner(api);
  await forbidWrites(true);
  await askForRotation(api);
  await delay(3_000);
  t.equal(await readSigner(api), before);
  await forbidWrites(false);
  await anotherSigns(before, 60_000);
});

/** By a policy, whose refusals have the status of a Secret that cannot be changed. */
async function forbidWrites(isForbidden: boolean): Promise<void> {
  const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
  const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
  if (!isForbidden) {
    await api.remove(`${bindings}/no-writes`);
    return api.remove(`${policies}/no-writes`);
  }
  const ours = `request.userInfo.username.startsWith('system:serviceaccount:${PRODUCT_NAME}:')`;
  await api.create(policies, {
    metadata: { name: 'no-writes' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['secrets'],
            resourceNames: [`${PRODUCT_NAME}-ca`],
          },
        ],
      },
      validations: [{ expression: `!${ours}` }],
    },
  });
  await api.create(bindings, {
    metadata: { name: 'no-writes' },
    spec: { policyName: 'no-writes', validationActions: ['Deny'] },
  });
  await eventually('the policy counts', async () => {
    const leader = await nextLeader(playground);
    await askForRotation(api);
    // Each request changes the Secret; those that come faster than the leader writes are conflicts, no refusals.
    await delay(2_000);
    assert.match(await logOf(playground, leader.pod), /no-writes' denied request.*CA reconciliation failed/);
  });
}

t.test('what a later version wrote is used and left alone', async (t) => {
  const before = await readSigner(api);
  await api.merge(CA_SECRET, { metadata: { annotations: { 'ecr-pull-secrets.io/format': '2' } } });
  await askForRotation(api);
  // Not SIGKILL, after which the lease would have to expire.
  for (const pid of await renewers()) process.kill(pid, 'SIGTERM');
  const leader = await nextLeader(playground, '', 45_000);
  t.ok(leader);
  await eventually('injection works', injected);
  await delay(2_000);
  t.equal(await readSigner(api), before);
  await api.merge(CA_SECRET, { metadata: { annotations: { 'ecr-pull-secrets.io/format': '1' } } });
  await anotherSigns(before);
});

t.test('renewers that stood still past every expiry repair everything within a minute', async (t) => {
  const short = { trustPropagation: '2s', servingLifetime: '10s', caLifetime: '18s' };
  await playground.install({ tls: { selfManaged: short } });
  await askForRotation(api);
  await eventually('a CA of the short life signs', async () => {
    const signer = await readSigner(api);
    const ca = (await readTrusted(api)).find((one) => one.fingerprint256 === signer);
    assert.ok(ca && ca.validToDate.getTime() - Date.now() < 18_000);
  });
  await unseen(() => delay(20_000));
  const goesOnMs = Date.now();
  await t.rejects(injected(), 'all had expired');
  await eventually('injection works', injected, 60_000);
  t.comment(`right ${Date.now() - goesOnMs} ms after they went on`);
});

t.test('with failurePolicy Fail and no replica the cluster goes on, and we come back', async (t) => {
  await playground.install({ injection: { failurePolicy: 'Fail' } });
  await eventually('injection works', injected);
  await scale(0);
  await eventually('no replica is left', async () => {
    assert.equal((await replicasOf(playground)).length, 0);
  });
  await t.rejects(injected(), { message: /failed calling webhook/ });
  await api.createNamespace('unlabelled', { injected: false });
  for (const namespace of ['unlabelled', 'kube-system']) {
    const spec = { serviceAccountName: 'default', containers: [{ name: 'app', image: 'nginx' }] };
    await t.resolves(api.createPod(namespace, { spec }), namespace);
  }
  await scale(2);
  await eventually('injection works', injected, 60_000);
});

async function scale(replicas: number): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}/scale`;
  await api.merge(path, { spec: { replicas } });
}
