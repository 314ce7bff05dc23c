import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import type { Endpoint, EndpointSlice } from '../src/local-node/api/objects.ts';
import type { ContainerFacts } from '../src/local-node/containers/container-facts.ts';
import { createRestartBackOff, KUBELET_BACK_OFF } from '../src/local-node/containers/restart-back-off.ts';
import { expandVariables } from '../src/local-node/environment/expansion.ts';
import { createPathMapper } from '../src/local-node/environment/path-mapper.ts';
import { parseQuantity } from '../src/local-node/environment/quantity.ts';
import { createAddressBook } from '../src/local-node/network/addresses.ts';
import { explainListenError, mayListenOn } from '../src/local-node/network/port-permission.ts';
import { computeFrontends } from '../src/local-node/network/service-targets.ts';
import { computePhase } from '../src/local-node/pods/phase.ts';
import { createProbeWorker } from '../src/local-node/probes/probe-worker.ts';
import { needsRefresh } from '../src/local-node/volumes/service-account-token.ts';

t.test('variables are expanded as Kubernetes does', async (t) => {
  const values: Record<string, string> = { A: 'one', B: '$(A)' };
  const cases = [
    ['$(A) and $(A)', 'one and one'],
    ['$(B)', '$(A)'],
    ['$(NONE)', '$(NONE)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$one'],
    ['$A ${A} $(A', '$A ${A} $(A'],
    ['100$', '100$'],
  ] as const;
  for (const [text, expected] of cases)
    t.equal(
      expandVariables(text, (name) => values[name]),
      expected,
      text,
    );
});

t.test('mount paths are found as whole paths', async (t) => {
  const toFolders = createPathMapper([
    { mountPath: '/a', folder: '/1' },
    { mountPath: '/a/b/', folder: '/2' },
    { mountPath: '/c.d', folder: '/3' },
  ]);
  const cases = [
    ['/a', '/1'],
    ['/a/x /a/b/x /a/bc', '/1/x /2/x /1/bc'],
    ['--x=/a,y:/a/b', '--x=/1,y:/2'],
    ['/ab /x/a x/a ./a /a.b /a-b', '/ab /x/a x/a ./a /a.b /a-b'],
    ['file:///a/x https://host/a', 'file:///1/x https://host/a'],
    ['/c.d /cxd', '/3 /cxd'],
  ] as const;
  for (const [text, expected] of cases) t.equal(toFolders(text), expected, text);
});

t.test('quantities are numbers', async (t) => {
  const cases = [
    ['250m', 0.25],
    ['2', 2],
    ['64Mi', 67_108_864],
    ['1e3', 1_000],
    ['1.5G', 1_500_000_000],
  ] as const;
  for (const [text, expected] of cases) t.equal(parseQuantity(text), expected, text);
  t.throws(() => parseQuantity('much'), { message: '"much" is not a quantity' });
});

t.test('a pod’s address is not reused while there are unused ones', async (t) => {
  const book = createAddressBook('127.130');
  const first = book.allocate();
  book.release(first);
  const second = book.allocate();

  t.strictSame(first, { loopback: '127.130.1.1', shown: '10.130.1.1' });
  t.strictSame(second, { loopback: '127.130.1.2', shown: '10.130.1.2' });
  t.equal(book.toLoopback('10.130.1.2'), '127.130.1.2');
  t.equal(book.toLoopback('10.131.1.2'), undefined, 'another node’s');
  t.equal(book.toLoopback('10.1.1.1'), undefined);
  const others = Array.from({ length: 254 * 254 - 2 }, () => book.allocate().shown);
  t.equal(new Set(others).size, others.length);
  t.equal(book.allocate().shown, first.shown, 'the released one comes last');
  t.throws(() => book.allocate(), { message: 'no pod address is left' });
});

t.test('a container waits 0, 10, 20 … 300 s, and 0 s after it ran for ten minutes', async (t) => {
  const backOff = createRestartBackOff(KUBELET_BACK_OFF);
  const waits: number[] = [];
  let now = 0;
  for (let exit = 0; exit < 8; exit++) {
    waits.push(backOff.waitMs(now) / 1000);
    now += backOff.waitMs(now);
    backOff.restarted(now, now);
  }

  t.strictSame(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
  t.equal(backOff.waitMs(now + 600_000), 300_000);
  t.equal(backOff.waitMs(now + 600_001), 0);
  backOff.restarted(now + 600_001, now + 600_001);
  t.equal(backOff.waitMs(now + 600_002), 10_000, 'and from the beginning');
});

t.test('a token is fetched anew in the last fifth of its life, and once a day', async (t) => {
  t.notOk(needsRefresh(token(1), 2_880_000));
  t.ok(needsRefresh(token(1), 2_880_001));
  t.notOk(needsRefresh(token(48), 86_400_000));
  t.ok(needsRefresh(token(48), 86_400_001));
});

t.test('a Service leads to ready endpoints, else to those that terminate and still serve', async (t) => {
  const ports = [
    { name: 'web', port: 443 },
    { name: 'other', port: 444 },
    { name: 'web', port: 445, protocol: 'UDP' },
  ];
  const service = { metadata: METADATA, spec: { clusterIP: '127.64.0.9', ports } };
  const targets = (...slices: EndpointSlice[]): string[] =>
    computeFrontends(service, slices, toTestLoopback).map(
      (frontend) => `${frontend.port}: ${[...frontend.targets].join()}`,
    );

  const going = endpoint('10.1.1.1', { ready: false, serving: true, terminating: true });
  const ready = endpoint('10.1.1.2', { ready: true, serving: true, terminating: false });
  const dead = endpoint('10.1.1.3', { ready: false, serving: false, terminating: true });
  const foreign = endpoint('192.168.1.1', { ready: true });
  t.strictSame(targets(slice(going, dead), slice(ready, foreign)), ['443: 127.1.1.2:8080', '444: ']);
  t.strictSame(targets(slice(going, dead)), ['443: 127.1.1.1:8080', '444: ']);
  t.strictSame(targets(slice(dead)), ['443: ', '444: ']);
  t.strictSame(targets(), ['443: ', '444: ']);
});

t.test('a refused port is explained', async (t) => {
  const error = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });

  const explained = explainListenError('127.64.0.9', 443, error);

  t.match(explained, /127\.64\.0\.9:443 .*service\.port.*net\.ipv4\.ip_unprivileged_port_start=443/);
  const busy = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
  t.notMatch(explainListenError('127.64.0.9', 443, busy), /sysctl/);
});

t.test('a port that a program has at all addresses cannot be listened on', async (t) => {
  const other = createServer().listen(0, '0.0.0.0');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  t.notOk(await mayListenOn(port));

  other.close();
  await once(other, 'close');

  t.ok(await mayListenOn(port));
});

t.test('a pod’s phase follows its containers', async (t) => {
  const waiting = facts({ state: { waiting: { reason: 'ContainerCreating' } } });
  const running = facts({ state: { running: { startedAt: '' } }, started: true });
  const done = facts({ state: { terminated: termination(0) } });
  const failed = facts({ state: { terminated: termination(1) } });
  const looping = facts({
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastTermination: termination(1),
  });
  const sidecar = { ...running, isSidecar: true };
  const cases = [
    ['nothing has started', [], [waiting], 'Always', false, 'Pending'],
    ['one of two has started', [], [running, waiting], 'Always', false, 'Pending'],
    ['all run', [], [running, running], 'Always', false, 'Running'],
    ['all loop', [], [looping], 'Always', false, 'Running'],
    ['all ended and will restart', [], [done], 'Always', false, 'Running'],
    ['it is over', [], [done], 'Always', true, 'Succeeded'],
    ['it is over, one failed', [], [done, failed], 'Always', true, 'Failed'],
    ['it is over before it began', [], [waiting], 'Always', true, 'Failed'],
    ['done for good', [], [done], 'OnFailure', false, 'Succeeded'],
    ['will be tried again', [], [failed], 'OnFailure', false, 'Running'],
    ['failed for good', [], [done, failed], 'Never', false, 'Failed'],
    ['a sidecar still runs', [sidecar], [done], 'Never', false, 'Running'],
    ['init runs', [running], [waiting], 'Always', false, 'Pending'],
    ['init will be tried again', [looping], [waiting], 'Always', false, 'Pending'],
    ['init failed for good', [failed], [waiting], 'Never', false, 'Failed'],
    ['a sidecar has not started', [{ ...sidecar, started: false }], [waiting], 'Always', false, 'Pending'],
  ] as const;
  for (const [title, initContainers, containers, restartPolicy, isOver, phase] of cases) {
    t.equal(computePhase({ initContainers, containers, restartPolicy, isOver }), phase, title);
  }
});

t.test('a probe worker takes its turns as kubelet’s does', async (t) => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const attempts: number[] = [];
  const results: boolean[] = [];
  let failure: string | undefined;
  let containerId = 'first';
  const start = clock.now();
  const worker = createProbeWorker({
    kind: 'liveness',
    probe: { initialDelaySeconds: 15, periodSeconds: 10, failureThreshold: 2 },
    attempt: async () => {
      attempts.push((clock.now() - start) / 1000);
      return failure;
    },
    running: () => ({ containerId, startedAt: start, started: true }),
    onResult: (success) => results.push(success),
    onFailure: () => undefined,
    clock,
  });
  const over = worker.run(stop.signal);

  await clock.advance(30_000);
  failure = 'broken';
  await clock.advance(40_000);
  t.strictSame(attempts, [20, 30, 40, 50], 'none before the delay, none after the last failure');
  t.strictSame(results, [true, true, false]);

  containerId = 'second';
  await clock.advance(10_000);
  t.strictSame(attempts.slice(4), [80], 'a new process is probed again');
  worker.trigger();
  await clock.advance(0);
  t.strictSame(attempts.slice(5), [80], 'at once when triggered');
  stop.abort();
  await over;
});

const METADATA = { name: 's', namespace: 'n', uid: 'u' };

function slice(...endpoints: Endpoint[]): EndpointSlice {
  return { metadata: METADATA, ports: [{ name: 'web', port: 8080 }], endpoints };
}

function endpoint(address: string, conditions: Endpoint['conditions'] & object): Endpoint {
  return { addresses: [address], conditions };
}

function toTestLoopback(shown: string): string | undefined {
  return shown.startsWith('10.') ? `127.${shown.slice(3)}` : undefined;
}

function token(hours: number) {
  const lifeMs = hours * 3_600_000;
  return { token: '', requestedMs: lifeMs, expiresAt: lifeMs };
}

function termination(exitCode: number) {
  return { exitCode, reason: 'Error', startedAt: '', finishedAt: '', containerID: '' } as const;
}

function facts(some: Partial<ContainerFacts>): ContainerFacts {
  return {
    name: 'main',
    image: '',
    isSidecar: false,
    state: {},
    lastTermination: undefined,
    restartCount: 0,
    containerId: undefined,
    started: false,
    ready: false,
    ...some,
  };
}
