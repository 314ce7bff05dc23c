import assert from 'node:assert/strict';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t, { type Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { AWS_IDENTITY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { type AuditEvent, hasSucceeded, podOf, requestsOfRenewers } from './support/audit-log.ts';
import { startChart } from './support/chart.ts';
import { heapAfterCollection, INSPECTABLE, residentBytes } from './support/process-memory.ts';
import { SECRET } from './support/pull-secret.ts';
import { runStatus } from './support/status.ts';
import { type LeadingRenewer, logOf, nextLeader, replicasOf } from './support/renewers.ts';
import { recordSecrets } from './support/secret-history.ts';

const CHECKPOINT = `${PRODUCT_NAME}-tokens`;
const CHECKPOINT_PATH = `/api/v1/namespaces/${PRODUCT_NAME}/secrets/${CHECKPOINT}`;

/** Four pages of a list: of 100, 200, 400 and the rest. `npm run test:scale` takes 2,000. */
const NAMESPACES = Number(process.env['NAMESPACES'] ?? 750);

const TEAMS = Array.from({ length: NAMESPACES }, (_, index) => `team-${index}`);
const LATECOMER = 'latecomer';
const ALL = [...TEAMS, LATECOMER];

/** Fast enough for a test; slow enough to see that a rotation is paced. */
const WRITES_PER_SECOND = 100;

/** For as many writes on a machine that is busy otherwise. */
const PATIENCE_MS = 150_000;

const OTHER_ACCOUNT = '210987654321';
const ROLE = `arn:aws:iam::${OTHER_ACCOUNT}:role/pull`;

const REGIONS = ['us-east-1', 'us-west-2'];

/** Two identities, the user and the role, in two regions each. */
const REGISTRIES = REGIONS.flatMap((region) => [
  { host: `${AWS_IDENTITY.account}.dkr.ecr.${region}.amazonaws.com` },
  { host: `${OTHER_ACCOUNT}.dkr.ecr.${region}.amazonaws.com`, roleArn: ROLE },
]);

/** The calls that AWS gets, each once. */
const TOKENS = [AWS_IDENTITY.account, OTHER_ACCOUNT].flatMap((account) =>
  REGIONS.map((region) => `${account} ${region}`),
);

const { render } = await startChart(t);

/** What the chart gives a renewer's heap by itself. */
const [heapFlags] = /--max-old-space-size=170 --max-semi-space-size=\d+/.exec(await render()) ?? [];
assert(heapFlags);

/** The same, and an inspector. */
const NODE_OPTIONS = { name: INSPECTABLE.name, value: `${INSPECTABLE.value} ${heapFlags}` };

/** Memory that the chart allows a renewer (`renewer.resources.limits`). */
const MEMORY_LIMIT_BYTES = 512 * 1024 ** 2;

/** The promise. */
const BYTES_PER_NAMESPACE = 1024;

/** Node.js and the bundle take 115 MiB. Of 2,000 namespaces, 15 MiB were measured: pages of metadata, read one by one. */
const STATUS_MEBIBYTES = 200;

/** What the first work leaves behind however little it is: compiled code, connections, caches. */
const WARM_UP_BYTES = 4 * 1024 ** 2;

const playground = await startPlayground({
  audit: true,
  ecr: { roles: [{ arn: ROLE, trustedPrincipals: [AWS_IDENTITY.account] }] },
});
t.teardown(() => playground.close());
const { api, ecr, cluster } = playground;
const history = recordSecrets(t, playground.client, SECRET);
await playground.install({
  registries: REGISTRIES,
  routineWritesPerSecond: WRITES_PER_SECOND,
  renewer: { extraEnv: [{ name: 'AWS_ENDPOINT_URL', value: ecr.endpoint }, NODE_OPTIONS] },
});
let requestsSeen = 0;
let tokensSeen = 0;
let idleHeapBytes = 0;

t.test('what memory is compared with: a leader without namespaces', async (t) => {
  const leader = await nextLeader(playground);
  await eventually('the checkpoint', () => api.get(CHECKPOINT_PATH));
  idleHeapBytes = await heapOf(t, leader);
  // From here on as if it had never run.
  await scale(0);
  await api.remove(CHECKPOINT_PATH);
  await newRequests(t);
  t.same(newTokens(), TOKENS);
});

t.test('the first fill is one write per namespace and one AWS call per token', async (t) => {
  await timed(t, 'creating the namespaces', () => createNamespaces(TEAMS));
  await scale(2);
  await timed(t, 'the first fill', () => versionsIn(TEAMS, 1));

  const requests = await newRequests(t);
  const leader = await nextLeader(playground);
  checkWrites(t, requests, TEAMS);
  checkLists(t, requests, leader, { namespaces: 4, secrets: 1 });
  t.same(secretsRead(requests), [CHECKPOINT], 'no pull secret is read');
  t.same(newTokens(), TOKENS);
  checkHeap(t, await heapOf(t, leader));
});

t.test('a new leader lists in pages, writes only what is missing and does not call AWS', async (t) => {
  const leader = await replaceLeader();
  await createNamespaces([LATECOMER]);
  await eventually('its secret', () => assert.ok(history.expiries.has(LATECOMER)));

  const requests = await newRequests(t);
  checkWrites(t, requests, [LATECOMER]);
  checkLists(t, requests, leader, { namespaces: 4, secrets: 4 });
  t.same(secretsRead(requests), [CHECKPOINT]);
  t.same(newTokens(), []);
});

// Without its checkpoint a leader gets new tokens at once: the test need not wait for half of their life.
t.test('a rotation is one paced write per namespace and one AWS call per token', async (t) => {
  await api.remove(CHECKPOINT_PATH);
  const leader = await replaceLeader();
  await timed(t, 'the rotation', () => versionsIn(ALL, 2));

  const requests = await newRequests(t);
  checkWrites(t, requests, ALL);
  checkLists(t, requests, leader, { namespaces: 4, secrets: 4 });
  t.same(secretsRead(requests), [CHECKPOINT]);
  t.same(newTokens(), TOKENS);
  const times = requests.filter(isWriteOfPullSecret).map(receivedAtMs);
  const tookMs = Math.max(...times) - Math.min(...times);
  t.ok(tookMs > (TEAMS.length / WRITES_PER_SECOND) * 1000 * 0.9, `it kept to its pace: ${tookMs} ms`);
  for (const [namespace, versions] of history.expiries) {
    if ((versions[1] ?? 0) <= (versions[0] ?? 0)) t.fail(`${namespace} has a newer token`);
  }
  t.equal(history.lists(), 1, 'no version was missed');
  checkHeap(t, await heapOf(t, leader));
});

t.test('the status of all namespaces costs less than three seconds of CPU time, and little memory', async (t) => {
  await eventually('the container of the former leader is back', allReady);
  const { stdout, exitCode, seconds, cpuSeconds, peakMebibytes } = await runStatus(playground, ['--output', 'json']);
  const [{ namespaces, tokens }] = JSON.parse(stdout).releases;
  t.match(namespaces, { total: ALL.length, states: { current: ALL.length }, worst: [] });
  t.equal(tokens.length, TOKENS.length);
  t.equal(exitCode, 0, stdout);
  const used = `${seconds.toFixed(1)} s, of which ${cpuSeconds.toFixed(1)} s of CPU time, and ${peakMebibytes.toFixed(0)} MiB`;
  t.comment(`status of ${ALL.length} namespaces: ${used}`);
  t.ok(cpuSeconds < 3);
  t.ok(peakMebibytes < STATUS_MEBIBYTES);
});

/** Ends the leader as a rollout does, and waits for the next one. */
async function replaceLeader(): Promise<LeadingRenewer> {
  const former = await nextLeader(playground);
  process.kill(former.pid, 'SIGTERM');
  return nextLeader(playground, former.identity);
}

async function allReady(): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`;
  const { status } = await api.get<{ status: { replicas?: number; readyReplicas?: number } }>(path);
  assert.equal(status.readyReplicas, status.replicas);
}

/** Waits until the secret of each namespace has had so many versions. */
async function versionsIn(namespaces: readonly string[], count: number): Promise<void> {
  const check = (): void => {
    const others = namespaces.filter((name) => history.expiries.get(name)?.length !== count);
    assert.equal(others.length, 0);
  };
  await eventually(`${count} versions of each secret`, check, PATIENCE_MS);
}

async function scale(replicas: number): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`;
  await api.merge(path, { spec: { replicas } });
  await eventually(`${replicas} replicas`, async () => {
    assert.equal((await replicasOf(playground)).length, replicas);
  });
}

async function createNamespaces(names: readonly string[]): Promise<void> {
  // One iterator for all workers: each free worker takes the next name.
  const waiting = names.values();
  const labels = { [INJECT_LABEL]: 'enabled' };
  const work = async (): Promise<void> => {
    for (const name of waiting) await api.create('/api/v1/namespaces', { metadata: { name, labels } });
  };
  await Promise.all(Array.from({ length: 32 }, work));
}

/** Identity and region of each token that AWS gave since the last time. */
function newTokens(): readonly string[] {
  const tokens = ecr.issuedTokens().slice(tokensSeen);
  tokensSeen += tokens.length;
  return tokens.map(({ principal, region }) => `${principal.account} ${region}`).toSorted();
}

/** The requests of the renewers to the API server since the last time. */
async function newRequests(t: Test): Promise<readonly AuditEvent[]> {
  const all = await requestsOfRenewers(cluster.auditLogPath);
  const requests = all.slice(requestsSeen);
  requestsSeen = all.length;
  const counts = Object.groupBy(requests, ({ verb, objectRef }) => `${verb} ${objectRef?.resource}`);
  const summary = Object.entries(counts).map(([what, found = []]) => `${what} ${found.length}`);
  t.comment(`requests: ${summary.join(', ')}`);
  return requests;
}

/** The proof of the fence is a dry run, which writes nothing. */
function isWriteOfPullSecret({ verb, objectRef, requestURI }: AuditEvent): boolean {
  const { resource, name } = objectRef ?? {};
  if (requestURI.includes('dryRun=All')) return false;
  return resource === 'secrets' && name === SECRET && !['get', 'list', 'watch'].includes(verb);
}

function receivedAtMs({ requestReceivedTimestamp }: AuditEvent): number {
  return Date.parse(requestReceivedTimestamp);
}

/** As many writes as namespaces, and no namespace without one. */
function checkWrites(t: Test, requests: readonly AuditEvent[], namespaces: readonly string[]): void {
  const writes = requests.filter(isWriteOfPullSecret);
  const written = new Set(writes.filter(hasSucceeded).map(({ objectRef }) => objectRef?.namespace));
  t.equal(writes.length, namespaces.length);
  t.same(
    namespaces.filter((name) => !written.has(name)),
    [],
  );
  t.ok(writes.every(({ verb }) => verb === 'patch'));
}

/** Pages only, at least as many as there must be, the leader's own, and all before it writes anything. */
function checkLists(
  t: Test,
  requests: readonly AuditEvent[],
  leader: LeadingRenewer,
  pages: { readonly namespaces: number; readonly secrets: number },
): void {
  const lists = requests.filter(({ verb }) => verb === 'list');
  t.same(
    lists.map(({ requestURI }) => requestURI).filter((uri) => !uri.includes('limit=')),
    [],
  );
  const namespaces = lists.filter(({ objectRef }) => objectRef?.resource === 'namespaces');
  const secrets = lists.filter(({ objectRef }) => objectRef?.name === SECRET);
  t.ok(namespaces.length >= pages.namespaces);
  t.ok(secrets.length >= pages.secrets);
  const all = [...namespaces, ...secrets];
  t.ok(all.every((list) => podOf(list) === leader.pod));
  const firstWriteMs = Math.min(...requests.filter(isWriteOfPullSecret).map(receivedAtMs));
  t.ok(Math.max(...all.map(receivedAtMs)) <= firstWriteMs, 'lists come before the first write');
}

/** Secrets that were read one by one. */
function secretsRead(requests: readonly AuditEvent[]): readonly (string | undefined)[] {
  return requests
    .filter(({ verb, objectRef }) => verb === 'get' && objectRef?.resource === 'secrets')
    .map(({ objectRef }) => objectRef?.name);
}

async function heapOf(t: Test, { pod, pid }: LeadingRenewer): Promise<number> {
  const resident = await residentBytes(pid);
  const heap = await heapAfterCollection(await logOf(playground, pod));
  t.comment(`RSS ${inMebibytes(resident)} MiB, living objects ${inMebibytes(heap)} MiB`);
  t.ok(resident < MEMORY_LIMIT_BYTES * 0.75);
  return heap;
}

function checkHeap(t: Test, heapBytes: number): void {
  const growth = heapBytes - idleHeapBytes;
  t.comment(`${Math.round(growth / TEAMS.length)} bytes more per namespace`);
  t.ok(growth < BYTES_PER_NAMESPACE * TEAMS.length + WARM_UP_BYTES);
}

function inMebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1);
}

async function timed(t: Test, what: string, action: () => Promise<unknown>): Promise<void> {
  const startMs = Date.now();
  await action();
  t.comment(`${what} took ${Date.now() - startMs} ms`);
}
