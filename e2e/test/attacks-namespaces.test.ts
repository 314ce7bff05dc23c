import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t, { type Test } from 'tap';
import { builtBundle } from '@ecr-pull-secrets/testbed/playground/built-bundle.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Event, Manifest, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { peakResidentBytes } from './support/process-memory.ts';
import { pullSecretsOf, SECRET } from './support/pull-secret.ts';
import { nextLeader, replicasOf } from './support/renewers.ts';

// What anyone can write into namespaces and secrets of their own, and what it costs the renewer.

/** `npm run test:attacks` has 200: lists of 280 MB, which the API server takes a minute to make. */
const COUNT = Number(process.env['STRANGERS'] ?? 4);
const STRANGERS = namesOf('stranger', COUNT);

/** A page has six of them. A renewer that built all of a page had a peak of 344 MiB. */
const TINY = namesOf('tiny', 10);

/** Others have metadata that JSON writes with six times as many bytes, or that is of many long labels. */
const ESCAPED = namesOf('escaped', 2);
const LABELLED = namesOf('labelled', 2);

/** Some of them have a secret of our name too, as large. */
const SECRET_OWNERS = {
  large: STRANGERS.slice(0, 2),
  tiny: TINY.slice(0, 4),
  many: TINY.slice(4, 5),
};

/** Some change a label at full rate, which sends the whole object to each watch. */
const RESTLESS = [...TINY.slice(0, 1), ...ESCAPED.slice(0, 1)];
const CHANGES = 3;

/** The chart's `renewer.resources.limits.memory`. */
const MEMORY_LIMIT_BYTES = 512 * 1024 ** 2;

/** What a peak leaves free of the limit. */
const MARGIN = 0.5;

const playground = await startPlayground();
t.teardown(() => playground.close());
const { api, cluster, ecr, node } = playground;

/** Two cores are shared by etcd, the API server and everything else; a list of 400 MB takes a few seconds of one. */
const { secretIn } = pullSecretsOf(playground, 60_000);
await playground.install();

t.test('large namespaces, secrets of our name and changes at full rate', async (t) => {
  await timed(t, `${COUNT} namespaces of 1.4 MB`, () => inParallel(STRANGERS, createStranger));
  await timed(t, 'tiny parts', () => inParallel(TINY, createTiny));
  await api.create('/api/v1/namespaces', { metadata: { name: 'deep', ...deepParts() } });
  await timed(t, 'escaped metadata', () => inParallel(ESCAPED, createEscaped));
  await timed(t, 'labels', () => inParallel(LABELLED, createLabelled));
  await timed(t, 'secrets', createSecrets);
  await timed(t, 'changes', () => inParallel(RESTLESS, changeAtFullRate));
  const size = JSON.stringify(await api.get(`/api/v1/namespaces/${STRANGERS[0]}`)).length;
  t.ok(size > 1_400_000, `a namespace has ${size} bytes`);
  await createOptedIn('before');
  await checkRenewers(t);
});

t.test('a change of leader lists them all and serves a new namespace', async (t) => {
  const former = await nextLeader(playground);
  await api.remove(`/api/v1/namespaces/${PRODUCT_NAME}/pods/${former.pod}`);
  const startMs = Date.now();
  const leader = await nextLeader(playground, former.identity);
  t.comment(`${leader.pod} leads after ${Date.now() - startMs} ms`);
  await createOptedIn('after');
  t.comment(`the new namespace is served after ${Date.now() - startMs} ms`);
  await checkRenewers(t);
});

t.test('a pod with more values than are read does not hide the missed pods of others', async (t) => {
  // As many as etcd and a request of JSON hold: 5 and 13 bytes for a name, 4 and 3 bytes without one.
  const imagePullSecrets = [
    ...Array.from({ length: 210_000 }, () => ({ name: 'a' })),
    ...Array.from({ length: 120_000 }, () => ({})),
  ];
  const containers = [{ name: 'app', image: `${REGISTRY}/app:1` }];
  const optIn = { metadata: { labels: { [INJECT_LABEL]: 'enabled' } } };
  for (const name of ['hostile-pods', 'missed-pods']) await api.createNamespace(name, { injected: false });
  await timed(t, 'a pod of 540,000 values', () =>
    api.createPod('hostile-pods', { metadata: { name: 'hostile' }, spec: { containers, imagePullSecrets } }),
  );
  await api.createPod('missed-pods', { metadata: { name: 'missed' }, spec: { containers } });
  for (const name of ['hostile-pods', 'missed-pods']) await api.merge(`/api/v1/namespaces/${name}`, optIn);
  const events = '/api/v1/namespaces/missed-pods/events';
  await eventually(
    'the Event of the missed pod',
    async () => {
      const found = await api.list<Event>(events, { fieldSelector: 'involvedObject.name=missed' });
      assert.ok(found.some(({ message }) => message.includes('Replace it: ')));
    },
    60_000,
  );
  await checkRenewers(t);
});

t.test('renew-once lists them under the heap of its container', async (t) => {
  const entry = await builtBundle();
  const job = spawn(process.execPath, [entry, 'renew-once'], {
    env: {
      NODE_OPTIONS: await renewersNodeOptions(),
      KUBECONFIG: cluster.kubeconfigPath,
      DOCKER_SECRET_NAME: SECRET,
      // Their secrets are looked at too, ten at a time.
      TARGET_NAMESPACE: 'before,stranger-?,tiny-*,escaped-*',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: AWS_IDENTITY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: AWS_IDENTITY.secretAccessKey,
      AWS_ENDPOINT_URL: ecr.endpoint,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [peak, output, [exitCode]] = await Promise.all([peakUntilEnd(job), text(job.stdout), once(job, 'exit')]);
  t.equal(exitCode, 0, output.slice(-1_000));
  const count = 1 + Math.min(COUNT, 10) + TINY.length + ESCAPED.length;
  t.match(output, `\nUpdating kubernetes secret [ecr-pull-secret] in ${count} namespaces\n`);
  checkPeak(t, 'renew-once', peak);
});

function namesOf(what: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${what}-${index}`);
}

async function timed(t: Test, what: string, action: () => Promise<unknown>): Promise<void> {
  const startMs = Date.now();
  await action();
  t.comment(`${what} took ${Date.now() - startMs} ms`);
}

async function inParallel(names: readonly string[], work: (name: string) => Promise<unknown>): Promise<void> {
  // One iterator for all workers: whichever is free takes the next name.
  const waiting = names.values();
  const run = async (): Promise<void> => {
    for (const name of waiting) await work(name);
  };
  await Promise.all(Array.from({ length: 8 }, run));
}

/** 1.4 MB of metadata; one long text costs the API server the least time. etcd takes 1.5 MiB. */
function largeMetadata(character = 'x'): Manifest {
  const owner = { apiVersion: 'example.com/v1', kind: 'Nothing', uid: 'none' };
  return { ownerReferences: [{ ...owner, name: character.repeat(1_400_000) }] };
}

/** Of `<` JSON writes each byte as six. */
function escapedMetadata(): Manifest {
  return largeMetadata('<');
}

/** Of labels only the size of the request counts, and of the object: `managedFields` repeats their keys. */
function createLabelled(name: string): Promise<unknown> {
  const labels = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => longLabel(index)));
  return api.create('/api/v1/namespaces', { metadata: { name, labels } });
}

/** Nearly as long as keys (253 characters of a prefix and 63 of a name) and values (63) may be. */
function longLabel(index: number): readonly [key: string, value: string] {
  return [`${'prefix.'.repeat(28)}${index}.example/${'n'.repeat(63)}`, 'v'.repeat(63)];
}

/**
 * 0.65 MB of 55,000 objects and as many keys, no two of them alike: `JSON.parse` makes 9 MiB of heap of that.
 * API servers take such `managedFields` from anyone.
 */
function tinyParts(): Manifest {
  const fields = objectWith(5_000, () => objectWith(10, () => ({})));
  return { managedFields: [{ ...MANAGED, operation: 'Update', manager: 'm', fieldsV1: fields }] };
}

/** 900 levels. A reader that calls itself for each level would need a limit, and fail at all of the list. */
function deepParts(): Manifest {
  let fieldsV1 = {};
  for (let level = 0; level < 900; level++) fieldsV1 = { 'f:a': fieldsV1 };
  return { managedFields: [{ ...MANAGED, operation: 'Update', manager: 'm', fieldsV1 }] };
}

/**
 * 500 managers with a field each. API servers limit their number for updates alone. With 10,000 of them Kubernetes 1.30
 * needs more than 15 s for each write, of that secret alone.
 */
function manyManagers(): Manifest {
  const fieldsV1 = { 'f:data': { 'f:a': {} } };
  const managedFields = Array.from({ length: 500 }, (_, index) => ({
    ...MANAGED,
    operation: 'Apply',
    manager: `m${index}`,
    fieldsV1,
  }));
  return { managedFields };
}

const MANAGED = { apiVersion: 'v1', time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1' };

let keys = 36 ** 3;

function objectWith(count: number, value: () => object): Manifest {
  const entry = () => [`f:${(keys++).toString(36)}`, value()] as const;
  return Object.fromEntries(Array.from({ length: count }, entry));
}

function createTiny(name: string): Promise<unknown> {
  return api.create('/api/v1/namespaces', { metadata: { name, ...tinyParts() } });
}

async function createSecrets(): Promise<void> {
  await inParallel(SECRET_OWNERS.large, (name) => createSecret(name));
  await inParallel(SECRET_OWNERS.tiny, (name) => createSecret(name, tinyParts()));
  await inParallel(SECRET_OWNERS.many, (name) => createSecret(name, manyManagers()));
}

function createStranger(name: string): Promise<unknown> {
  return api.create('/api/v1/namespaces', { metadata: { name, ...largeMetadata() } });
}

async function createEscaped(name: string): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name, ...escapedMetadata() } });
  await createSecret(name, escapedMetadata());
}

function createSecret(namespace: string, metadata = largeMetadata()): Promise<unknown> {
  return api.create(`/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: SECRET, ...metadata },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': '{"auths":{}}' },
  });
}

async function changeAtFullRate(name: string): Promise<void> {
  for (let change = 0; change < CHANGES; change++) {
    const labels = { change: String(change) };
    await api.merge(`/api/v1/namespaces/${name}`, { metadata: { labels } });
  }
}

/** The product works: a namespace that opts in has its secret soon. */
async function createOptedIn(name: string): Promise<void> {
  await api.create('/api/v1/namespaces', {
    metadata: { name, labels: { [INJECT_LABEL]: 'enabled' } },
  });
  await secretIn(name);
}

/** The flags of V8 that the chart renders. */
async function renewersNodeOptions(): Promise<string> {
  const { pid } = await nextLeader(playground);
  const [, options] =
    /NODE_OPTIONS=(--max-old-space-size=[^\0]*)/.exec(await readFile(`/proc/${pid}/environ`, 'utf8')) ?? [];
  assert.ok(options);
  return options;
}

async function checkRenewers(t: Test): Promise<void> {
  for (const pod of await replicasOf(playground)) {
    const { status } = await api.get<Pod>(`/api/v1/namespaces/${PRODUCT_NAME}/pods/${pod}`);
    for (const { name, restartCount } of status?.containerStatuses ?? []) {
      t.equal(restartCount, 0, `${name} of ${pod} did not restart`);
    }
    const pid = node.processes(PRODUCT_NAME, pod).get('renewer');
    if (pid !== undefined) checkPeak(t, pod, await peakResidentBytes(pid));
  }
}

function checkPeak(t: Test, what: string, bytes: number): void {
  const mebibytes = Math.round(bytes / 1024 ** 2);
  t.ok(bytes < MEMORY_LIMIT_BYTES * (1 - MARGIN), `peak of ${what}: ${mebibytes} MiB`);
}

/** The peak that a process had when it was looked at last. */
async function peakUntilEnd(process: ChildProcess): Promise<number> {
  let peak = 0;
  for (; process.exitCode === null && process.signalCode === null; await delay(10)) {
    // What has ended has no memory.
    peak = (await peakResidentBytes(process.pid ?? 0).catch(() => 0)) || peak;
  }
  assert.ok(peak > 0);
  return peak;
}
