import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t, { type Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { OPS_PORTS } from '@ecr-pull-secrets/testbed/playground/ports.ts';
import { hold, post, tcpOpener, tlsOpener } from '../support/attackers.ts';
import { readCaBundle } from '../support/ca.ts';
import { createInjected } from '../support/injected.ts';
import { LOADED_NAMESPACE } from '../support/pod-load.ts';
import { peakResidentBytes } from '../support/process-memory.ts';
import { countReviews } from '../support/replicas.ts';
import { pathOf, SECRET } from '../support/pull-secret.ts';
import { SERVER_NAME, WEBHOOK_PORT, webhookPods } from '../support/webhook-pods.ts';
import { whileServing } from '../support/serving-watch.ts';

const MEBIBYTE = 1024 ** 2;

/** The share of each container's memory limit that must stay free; on a real node the kernel enforces the limit. */
const MARGIN = 0.15;

const REVIEW_FILE = fileURLToPath(new URL('../../../server/test/fixtures/admission-review.pod.json', import.meta.url));

/**
 * How many attackers there are: enough to pass each limit by far, or, with `npm run test:attacks`, as many as
 * were tried once. Beyond a limit more of them cost only time.
 */
const COUNTS =
  process.env['STRANGERS'] === undefined
    ? { tls: 1_500, plain: 1_500, uploadBytes: 100 * 1024 }
    : { tls: 6_000, plain: 10_000, uploadBytes: 500 * 1024 };

const playground = await startPlayground();
t.teardown(() => playground.close());
const { api, node } = playground;
await playground.install({ replicaCount: 1 });
await api.createNamespace(LOADED_NAMESPACE);
await eventually('the secret', () => api.get(pathOf(LOADED_NAMESPACE)));
await eventually('injection works', () => createInjected(api));

const [pod] = await webhookPods(playground);
assert.ok(pod);
const { host, name: podName } = pod;
const processes = node.processes(PRODUCT_NAME, podName);
const webhook = { host, port: WEBHOOK_PORT };
const watched = {
  ...webhook,
  ca: await readCaBundle(api),
  serverName: SERVER_NAME,
  reviewFile: REVIEW_FILE,
  webhookPid: pidOf('webhook'),
  opsUrls: Object.entries(OPS_PORTS).flatMap(([container, port]) =>
    ['livez', 'readyz', 'metrics'].map((path) => ({
      url: `http://${host}:${port}/${path}`,
      pid: pidOf(container),
    })),
  ),
};

function pidOf(container: string): number {
  const pid = processes.get(container);
  assert.ok(pid, container);
  return pid;
}

/** Bodies of 8.6 MiB, which `JSON.parse` turns into hundreds. */
const STRUCTURES: Readonly<Record<string, string>> = {
  'empty objects': listOf('{}'),
  'empty lists': listOf('[]'),
  'objects with a field': listOf('{"a":0}'),
  'objects with an index': listOf('{"34":0}'),
  numbers: listOf('0'),
  'a million keys': objectOf((index) => `"${index.toString(36)}":0`),
  'objects with keys that are all different': listOf((index) =>
    objectOf((key) => `"${index.toString(36)}.${key}":0`, 1_000),
  ),
  'open lists': '['.repeat(8.6 * MEBIBYTE),
  'open lists beyond the limit of a body': '['.repeat(24 * MEBIBYTE),
};

t.test('bodies that consist only of structure are read, and cost no memory', async (t) => {
  const before = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u",';
  await survives(t, async () => {
    t.equal((await post(webhook, Buffer.from(listOf('{}')))).status, 400, 'no review');
    for (const [name, structure] of Object.entries(STRUCTURES)) {
      const review = `${before}"object":${structure}}}`;
      const isTooMuch = name.startsWith('open');
      t.equal((await post(webhook, Buffer.from(review))).status, isTooMuch ? 413 : 200, name);
    }
  });
});

t.test('four pods of 2.9 MiB at once, by a user who may only create pods', async (t) => {
  const bytes = 2.9 * MEBIBYTE;
  const pods = [
    podWith({ args: Array.from({ length: bytes / 3 }, () => '') }),
    podWith({ args: ['<'.repeat(bytes)] }),
    podWith({ args: ['Ж'.repeat(bytes / 2)] }),
    podWith({
      env: Array.from({ length: bytes / 100 }, (_, index) => ({
        name: `V${index}`,
        value: 'v'.repeat(70),
      })),
    }),
  ];
  // Too large for etcd, which the API server detects after all webhooks have answered.
  const tooLarge = /etcdserver: request is too large|trying to send message larger than max/;
  const isRefused = (one: Manifest) => t.rejects(api.createPod(LOADED_NAMESPACE, one), tooLarge);
  await survives(t, async () => {
    await Promise.all(pods.map(isRefused));
  });
  const reviews = await countReviews({ host });
  for (const one of pods) await isRefused(one);
  t.equal(await countReviews({ host }), reviews + pods.length, 'the webhook was called each time');
});

t.test('the largest pod that can be stored gets its secret, four times at once', async (t) => {
  const spec = podWith({ args: ['<'.repeat(1.4 * MEBIBYTE)] });
  await survives(t, async () => {
    const pods = await Promise.all(Array.from({ length: 4 }, () => api.createPod(LOADED_NAMESPACE, spec)));
    for (const { spec: stored } of pods) t.strictSame(stored.imagePullSecrets, [{ name: SECRET }]);
  });
});

t.test(`1,000 bodies of ${COUNTS.uploadBytes} bytes that never end`, async (t) => {
  const length = COUNTS.uploadBytes;
  const head = `POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
  const allButTheEnd = Buffer.concat([Buffer.from(head), Buffer.alloc(length - 1, ' ')]);
  await survives(t, async () => {
    await hold(t, 1_000, tlsOpener(webhook, allButTheEnd));
  });
});

for (const [container, port] of Object.entries(OPS_PORTS)) {
  t.test(`${COUNTS.plain} half heads and 600 half bodies on the plain port of the ${container}`, async (t) => {
    const half = 'GET /livez HTTP/1.1\r\nhost: x\r\n';
    const body = `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${MEBIBYTE}\r\n\r\n`;
    const longBody = Buffer.concat([Buffer.from(body), Buffer.alloc(MEBIBYTE - 1, ' ')]);
    await survives(t, async () => {
      const open = await hold(t, COUNTS.plain, tcpOpener({ host, port }, Buffer.from(half)));
      await staysBelow(open, 1_000);
      await hold(t, 600, tcpOpener({ host, port }, longBody));
    });
  });
}

t.test(`${COUNTS.tls} TLS connections that are idle, then send requests that are rejected`, async (t) => {
  const review = await reviewRequest();
  const idle = await openServed(t, review);
  const busy = await openServed(t, review);
  busy.write(review.subarray(0, -1));
  const get = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
  await survives(t, async () => {
    const open = await hold(t, COUNTS.tls, tlsOpener(webhook));
    await staysBelow(open, 1_400);
    for (let round = 0; round < 3; round++) {
      for (const socket of open) socket.write(get);
      await hold(t, 100, tlsOpener(webhook, Buffer.from(get)));
    }
  });
  t.notOk(idle.closed, 'a connection that had a review before stays open');
  t.notOk(busy.closed, 'so does one with a review under way');
  busy.write(review.subarray(-1));
  const [answer] = await once(busy, 'data');
  t.match(String(answer), /^HTTP\/1.1 200 /);
});

/**
 * Waits until fewer connections are open: on a busy machine this side sees their end later than it opens others. In
 * two seconds no timeout of a request, which is 10 s, can close them instead of the limit.
 */
async function staysBelow(sockets: readonly Socket[], limit: number): Promise<void> {
  await eventually(
    'the limit closes connections',
    () => {
      const open = sockets.filter(({ closed }) => !closed).length;
      assert.ok(open < limit, `${open} stay open`);
    },
    2_000,
  );
}

/** Opens a connection on which a review was answered. */
async function openServed(t: Test, review: Buffer): Promise<Socket> {
  const [socket] = await hold(t, 1, tlsOpener(webhook, review));
  assert.ok(socket);
  await once(socket, 'data');
  return socket;
}

async function reviewRequest(): Promise<Buffer> {
  const body = await readFile(REVIEW_FILE);
  const head = `POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

t.test('64 KiB of requests at once, by clients that do not read the answers', async (t) => {
  await survives(t, async () => {
    for (const port of Object.values(OPS_PORTS)) {
      await hold(t, 100, tcpOpener({ host, port }, requests('/metrics')));
    }
    await hold(t, 300, tlsOpener(webhook, requests('/')));
  });
});

function requests(path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(1_600));
}

type LimitedPod = Pod & {
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly resources: { readonly limits: { readonly memory: string } };
    }[];
  };
};

/** Asserts that an attack disturbs no other client, and that no container comes near its memory limit. */
async function survives(t: Test, attack: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  await whileServing(t, watched, attack);
  await createInjected(api);
  const { spec, status } = await api.get<LimitedPod>(`/api/v1/namespaces/${PRODUCT_NAME}/pods/${podName}`);
  t.comment(`took ${Math.round(performance.now() - startMs)} ms`);
  for (const { name, resources } of spec.containers) {
    const peak = await peakResidentBytes(pidOf(name));
    const limit = parseInt(resources.limits.memory) * MEBIBYTE;
    t.comment(`${name}: peak ${Math.round(peak / MEBIBYTE)} MiB of ${limit / MEBIBYTE}`);
    t.ok(peak < limit * (1 - MARGIN), `${name} had ${peak} bytes`);
  }
  for (const { name, restartCount } of status?.containerStatuses ?? []) t.equal(restartCount, 0, name);
}

function listOf(item: string | ((index: number) => string), bytes = 8.6 * MEBIBYTE): string {
  if (typeof item === 'string') return `[${`${item},`.repeat(bytes / (item.length + 1))}${item}]`;
  const items: string[] = [];
  for (let length = 0; length < bytes; length += (items.at(-1)?.length ?? 0) + 1) {
    items.push(item(items.length));
  }
  return `[${items.join(',')}]`;
}

function objectOf(field: (index: number) => string, bytes = 8.6 * MEBIBYTE): string {
  return `{${listOf(field, bytes).slice(1, -1)}}`;
}

function podWith(container: object): Manifest {
  return { spec: { containers: [{ name: 'app', image: `${REGISTRY}/app`, ...container }] } };
}
