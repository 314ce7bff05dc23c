import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t, { type Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Playground, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { CA_SECRET, readTrusted } from './support/ca.ts';
import { watchHandshakes } from './support/handshakes.ts';
import { createInjected } from './support/injected.ts';
import { LOADED_NAMESPACE, unnoticed } from './support/pod-load.ts';
import { makePreviousBuild } from './support/previous-build.ts';
import { findPreviousRevision } from './support/previous-revision.ts';
import { pullSecretsOf, SECRET } from './support/pull-secret.ts';
import { nextLeader } from './support/renewers.ts';
import { recordSecrets } from './support/secret-history.ts';
import { countReviews, readReplicas, type Replica } from './support/replicas.ts';

const DEPLOYMENT = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`;
const CHECKPOINT = `/api/v1/namespaces/${PRODUCT_NAME}/secrets/${PRODUCT_NAME}-tokens`;

/** Until the API server uses no address that left the Service: beside six other tests 5 s were too short. */
const VALUES = { webhook: { drainSeconds: 10 } };

/** How long a new replica is ready before an old one goes: two that start fast would hardly meet. */
const MIN_READY_SECONDS = 8;

/** So many at once need several connections, and each new one goes to the next replica in turn. */
const AT_ONCE = 8;

const previous = await findPreviousRevision(process.env);
const skip = previous.missing ?? false;

t.test(`Helm upgrades from an older build, ${previous.name}, and back`, { skip }, async (t) => {
  const build = await makePreviousBuild(t, previous);
  const playground = await startPlayground({ builds: [build] });
  t.teardown(() => playground.close());
  const { api, cluster, ecr } = playground;
  const { secretIn, loginWith } = pullSecretsOf(playground);
  const history = recordSecrets(t, playground.client, SECRET);
  await playground.install(VALUES, { build });
  await api.merge(DEPLOYMENT, { spec: { minReadySeconds: MIN_READY_SECONDS } });
  await api.createNamespace(LOADED_NAMESPACE);
  await secretIn(LOADED_NAMESPACE);
  await eventually('injection works', () => createInjected(playground.api));
  const kept = await readKept();

  /** What both builds read and write: the same before and after. */
  async function readKept() {
    const secrets = await Promise.all([CA_SECRET, CHECKPOINT].map((path) => api.get<Secret>(path)));
    return {
      secrets: secrets.map(({ metadata, data }) => ({ uid: metadata.uid, digest: digest(data) })),
      trusted: (await readTrusted(api)).map(({ fingerprint256 }) => fingerprint256),
      calls: ecr.calls.map(({ operation }) => operation),
    };
  }

  /** A leader of the build serves a namespace with the token that another one got. */
  async function takesOver(t: Test, isBuild: (replica: Replica) => boolean): Promise<void> {
    const { pod } = await nextLeader(playground);
    const replicas = await readReplicas(playground);
    t.ok(replicas.every(isBuild), 'all replicas are of that build');
    t.ok(
      replicas.some(({ name }) => name === pod),
      'one of them leads',
    );
    const namespace = `after-${pod}`;
    await api.createNamespace(namespace);
    for (const name of [LOADED_NAMESPACE, namespace]) {
      t.equal(await loginWith(await secretIn(name)), 200, `the secret in ${name} logs in`);
    }
    t.strictSame(await readKept(), kept, 'it goes on with the CA and the tokens');
  }

  /** When the token of each version of the secret expires, the oldest version first. */
  const versions = () => history.expiries.get(LOADED_NAMESPACE) ?? [];

  /** A build that names its annotations otherwise writes each secret again, with the same token. */
  function costsOneWriteAtMost(t: Test, before: readonly number[]): void {
    const written = versions().slice(before.length);
    t.ok(written.length <= 1, `each secret is written ${written.length} times`);
    t.strictSame(new Set(versions()).size, 1, 'with the token that it had');
    t.equal(history.lists(), 1, 'no version was missed');
  }

  t.strictSame(kept.calls, ['GetAuthorizationToken'], 'one token was got');
  t.equal(kept.trusted.length, 1, 'one CA is trusted');

  await t.test('the upgrade, with replicas of both builds side by side', async (t) => {
    const before = [...versions()];
    await changeUnderLoad(t, playground, () => playground.install(VALUES));
    await takesOver(t, ({ tag }) => tag !== build.tag);
    costsOneWriteAtMost(t, before);
  });

  await t.test('the rollback, with replicas of both builds side by side', async (t) => {
    const place = [PRODUCT_NAME, '--namespace', PRODUCT_NAME];
    const rollback = ['rollback', ...place, '--wait', '--timeout', '90s'];
    const before = [...versions()];
    await changeUnderLoad(t, playground, async () => void (await cluster.helm(rollback)));
    await takesOver(t, ({ tag }) => tag === build.tag);
    costsOneWriteAtMost(t, before);
  });
});

/** Changes the build while pods are created, in a rollout in which both serve for a while. */
async function changeUnderLoad(t: Test, playground: Playground, change: () => Promise<void>): Promise<void> {
  const [replica] = await readReplicas(playground);
  const before = replica?.tag ?? '';
  await unnoticed(t, playground, async () => {
    const { untrusted } = await watchHandshakes(playground, async () => {
      await Promise.all([change(), serveSideBySide(t, playground)]);
      await eventually('the others are gone', async () => {
        const tags = (await readReplicas(playground)).map(({ tag }) => tag);
        assert.equal(tags.length, 2);
        assert.ok(!tags.includes(before));
      });
    });
    t.same(untrusted, [], 'each new connection met a certificate that is trusted');
  });
}

/** Waits until replicas of both builds are ready at once, and until each build answers reviews meanwhile. */
async function serveSideBySide(t: Test, playground: Playground): Promise<void> {
  const atFirst = new Map<string, number>();
  const bothAnswer = async (): Promise<readonly string[]> => {
    const ready = (await readReplicas(playground)).filter(({ isReady, isGoing }) => isReady && !isGoing);
    assert.equal(new Set(ready.map(({ tag }) => tag)).size, 2, 'both are ready');
    await Promise.all(Array.from({ length: AT_ONCE }, () => createInjected(playground.api)));
    const answering = new Set<string>();
    for (const replica of ready) {
      const count = await countReviews(replica);
      if (count > (atFirst.get(replica.name) ?? count)) answering.add(replica.tag);
      if (!atFirst.has(replica.name)) atFirst.set(replica.name, count);
    }
    assert.equal(answering.size, 2, `only ${[...answering].join()} answers`);
    return ready.map(({ tag }) => tag);
  };
  const tags = await eventually('both builds answer side by side', bothAnswer, 60_000);
  t.equal(new Set(tags).size, 2, `side by side: ${tags.join(', ')}`);
}

/** A difference is not to print keys and tokens. */
function digest(data: Secret['data']): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('hex');
}
