import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Event } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { CA_SECRET, readCaBundle, readSigner, readTrusted } from '../support/ca.ts';
import { handshakesNow } from '../support/handshakes.ts';
import { createInjected } from '../support/injected.ts';
import { LOADED_NAMESPACE, unnoticed } from '../support/pod-load.ts';
import { pathOf } from '../support/pull-secret.ts';
import { installAnew, logOf, metricsOf, nextLeader } from '../support/renewers.ts';
import { startThief, stealCa } from '../support/impostor-webhook.ts';
import { stealIdentity } from '../support/stolen-identity.ts';
import { playground } from './release.ts';

const TRUST_PROPAGATION_MS = 4_000;

/**
 * As docs/tls.md says: two trust propagations and a minute. The minute is 40 s for the replicas' certificates, 10 s
 * until the leader looks, and what the machine of a test needs.
 */
const DISTRUSTED_WITHIN_MS = 2 * TRUST_PROPAGATION_MS + 60_000;

/**
 * A leader that is killed so long after the distrust shows whether the next one starts to count again: it leads 13 s
 * later at the earliest, since the lease of 15 s was renewed up to 2 s before, and would retain the CA for a trust
 * propagation and 40 s from then on. With 3 s more that is over later than `DISTRUSTED_WITHIN_MS`.
 */
const KILLED_AFTER_MS = DISTRUSTED_WITHIN_MS - 13_000 - (TRUST_PROPAGATION_MS + 40_000) + 3_000;

const { api } = playground;

/** As docs/tls.md says: `kubectl annotate secret ecr-pull-secrets-ca ecr-pull-secrets.io/distrust-before=<now>`. */
async function distrust(instant: string): Promise<void> {
  const annotations = { 'ecr-pull-secrets.io/distrust-before': instant };
  await api.merge(CA_SECRET, { metadata: { annotations } });
}

/** As `date -u +%Y-%m-%dT%H:%M:%SZ` prints it. */
function now(): string {
  return new Date().toISOString().replace(/[.]\d+/, '');
}

/** With the renewer's token: another CA, whose annotations all say that it is not to be changed. */
async function plantCa(): Promise<PemPair> {
  const made = await createCa({
    commonName: 'thief',
    // By its dates it is valid since half an hour ago, and will be made in half an hour.
    now: new Date(Date.now() + 1_800_000),
  });
  const identity = await stealIdentity(playground.cluster, api);
  const stringData = { 'tls.crt': made.certificatePem, 'tls.key': made.privateKeyPem };
  const annotations = {
    'ecr-pull-secrets.io/format': '2',
    'ecr-pull-secrets.io/signing-since': '2200-01-01T00:00:00Z',
  };
  await identity.api.merge(CA_SECRET, { metadata: { annotations }, stringData });
  await identity.client.close();
  return made;
}

/** The steps of docs/tls.md for a stolen key of the CA. */
export async function testStolenCaKey(t: Test): Promise<void> {
  // Without the procedure a stolen key would be trusted for two weeks, as by default.
  await installAnew(playground, {
    tls: {
      selfManaged: { trustPropagation: `${TRUST_PROPAGATION_MS / 1_000}s`, servingLifetime: '168h' },
    },
  });

  await eventually('the secret', () => api.get(pathOf(LOADED_NAMESPACE)));
  await eventually('injection works', () => createInjected(api));

  /** How long the leader took from the annotation to its first write. */
  let reactionMs = 0;

  t.test('a mistyped instant is refused in the log and by an Event, and changes nothing', async (t) => {
    const before = await readSigner(api);
    await distrust('2126-01-01T00:00:00Z');
    await distrust('yesterday');
    await eventually('the Event', async () => {
      const events = await api.list<Event>(`/api/v1/namespaces/${PRODUCT_NAME}/events`);
      const messages = events.filter(({ reason }) => reason === 'AnnotationRefused');
      assert.match(messages.map(({ message }) => message).join(), /such as .*, it is "yesterday"/);
    });
    const { pod } = await nextLeader(playground);
    t.match(await logOf(playground, pod), /annotation of the CA Secret refused/);
    t.match(await metricsOf(playground, pod), 'ecr_pull_secrets_namespace_problems{reason="AnnotationRefused"} 1\n');
    t.equal(await readSigner(api), before);
  });

  t.test('a stolen CA is no longer trusted, though the leader is killed, and no pod is missed', (t) =>
    unnoticed(t, playground, async () => {
      const thief = await startThief(api, await stealCa(api));
      t.teardown(() => thief.close());
      t.ok(await thief.isTrusted(), 'the thief is taken for the webhook');
      const heir = await startThief(api, await plantCa());
      t.teardown(() => heir.close());
      await eventually('a CA that the thief made is trusted too', async () => assert.ok(await heir.isTrusted()));
      const before = await readSigner(api);
      const trusted = await readCaBundle(api);
      const startMs = Date.now();
      await distrust(now());
      const refused = Promise.all([thief.untilRefused(DISTRUSTED_WITHIN_MS), heir.untilRefused(DISTRUSTED_WITHIN_MS)]);
      await eventually('the next CA is trusted', async () => assert.notEqual(await readCaBundle(api), trusted));
      reactionMs = Date.now() - startMs;
      await eventually('another CA signs', async () => {
        const signer = await readSigner(api);
        assert.ok(signer !== '' && signer !== before);
      });
      await delay(Math.max(0, startMs + KILLED_AFTER_MS - Date.now()));
      process.kill((await nextLeader(playground)).pid, 'SIGKILL');
      for (const tookMs of await refused) {
        t.ok(tookMs, `the thief is refused within ${DISTRUSTED_WITHIN_MS} ms`);
        t.comment(`refused after ${tookMs} ms`);
      }
      t.equal((await readTrusted(api)).length, 1);
      const served = await handshakesNow(playground, await readCaBundle(api));
      t.same(
        served.map(({ problem }) => problem),
        ['', ''],
        'all replicas serve the new CA',
      );
    }),
  );

  t.test('the same instant again changes nothing', async (t) => {
    const before = await readSigner(api);
    const { metadata } = await api.get<{ metadata: { annotations: Record<string, string> } }>(CA_SECRET);
    await distrust(metadata.annotations['ecr-pull-secrets.io/distrust-before'] ?? '');
    // Twice as long as the leader needed to react, and a second for a machine that has more to do by now.
    await delay(2 * reactionMs + 1_000);
    t.equal(await readSigner(api), before);
    t.equal((await readTrusted(api)).length, 1);
  });
}
