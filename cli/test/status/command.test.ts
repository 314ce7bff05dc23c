import type { KubeRequest } from '@ecr-pull-secrets/kube/client.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createReader } from '../../src/cluster/reader.ts';
import { readAdmissionCounts } from '../../src/status/admission-counts.ts';
import { observeLease } from '../../src/status/observe-lease.ts';
import { readStatusOptions } from '../../src/status/options.ts';
import { renderJson, renderText } from '../../src/status/render.ts';
import { reportOf } from '../../src/status/report.ts';
import { watchReport } from '../../src/status/watch.ts';
import { runLine } from '../support/command-line.ts';
import { clientOf } from './support/client.ts';
import { at, NOW_MS, overviewWith, stateWith } from './support/state.ts';

t.test('an invalid command line is an error with the usage', async (t) => {
  t.same(readStatusOptions([]), { output: 'text', watch: false });
  t.same(readStatusOptions(['--watch', '--namespace', 'a', '--release=b', '--output', 'json']), {
    namespace: 'a',
    release: 'b',
    output: 'json',
    watch: true,
  });
  t.same(readStatusOptions(['-w', '-n', 'a', '-o=json']), { namespace: 'a', output: 'json', watch: true });
  const cases = [
    [['payments'], /"payments" belongs to no option/],
    [['--output', 'yaml'], /--output "yaml"/],
    [['--wacth'], /did you mean --watch\?/],
    [['--namespace', 'A'], /is not a Kubernetes object name/],
  ] as const;
  for (const [args, message] of cases) {
    const { exitCode, stdout, stderr } = await runLine(['status', ...args]);
    t.equal(exitCode, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
    t.match(stderr, /\n\nUsage: ecr-pull-secrets status /);
  }
  t.match(await runLine(['status', '--help']), { exitCode: 0, stdout: /^Usage: ecr-pull-secrets status / });
  t.match(await runLine(['status']), { exitCode: 2, stderr: /ECRPS_CONFIGURATION_INVALID/ });
});

t.test('problems come first, and the report ends with the command of the first one', async (t) => {
  const states = { ...overviewWith().states, missing: 1 };
  const worst = [{ name: 'a', state: 'missing', expiresAtMs: undefined }] as const;
  const bad = reportOf(stateWith({ namespaces: { found: overviewWith({ total: 3, states, worst }) } }));
  const text = renderText({ releases: [bad], findings: [] });
  const lines = text.split('\n');
  t.equal(lines[0], 'ecr-pull-secrets in the namespace ecr-pull-secrets');
  t.match(lines[2], /^ {2}problem {2}namespaces {3}1 of 3 namespaces/);
  t.match(lines[3], /^ {2}note {5}certificate {2}/);
  t.match(lines[4], /^ {2}ok {7}release {6}version/);
  t.match(text, /\n\nRun: ecr-pull-secrets explain a\n$/);
  const good = reportOf(stateWith());
  t.match(renderText({ releases: [good], findings: [] }), /\n\nNo problem found\.\n$/);
  const none = { state: 'unknown', message: 'no \u001b right\nRun: evil' } as const;
  t.equal(
    renderText({ releases: [], findings: [none] }),
    '  unknown  no \ufffd right Run: evil\n\nNo problem found, but not everything could be determined.\n',
  );
});

t.test('the report for programs has these fields', async (t) => {
  const text = renderJson({ releases: [reportOf(stateWith())], findings: [] });
  t.equal(text.trimEnd().split('\n').length, 1);
  const { releases, ...head } = JSON.parse(text);
  t.same(head, { schemaVersion: 1, health: 'ok', findings: [] });
  const [{ findings, certificates, ...facts }] = releases;
  t.match(certificates, { trusted: [{ subject: /^CN=ours, serialNumber=/, expiresAt: at(365 * 24) }] });
  t.match(findings[0], { topic: 'release', state: 'ok', message: /^version/ });
  t.same(facts, {
    namespace: 'ecr-pull-secrets',
    name: 'ecr-pull-secrets',
    mode: 'webhook',
    secretName: 'ecr-pull-secret',
    version: '0.1.0',
    chart: 'ecr-pull-secrets-0.1.0',
    images: ['example/ecr-pull-secrets:0.1.0'],
    replicas: { wanted: 2, ready: 2, updated: 2 },
    leader: { holder: 'pod-1_uid', pod: 'pod-1', since: at(-30), renewedAt: at(0), isAlive: true },
    tokens: [
      {
        registry: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
        expiresAt: at(11),
        renewsBy: at(5),
      },
    ],
    namespaces: {
      total: 2,
      states: { expired: 0, missing: 0, foreign: 0, edited: 0, expiring: 0, pending: 0, current: 2 },
      worst: [],
    },
    injection: { result: 'injected', triedIn: 'payments', counts: { calls: 10, failedOpen: 0, rejected: 0 } },
    fence: 'ok',
  });
});

const NAME = 'name="inject.ecr-pull-secrets.io"';

const METRICS = [
  '# HELP apiserver_admission_webhook_request_total requests',
  `apiserver_admission_webhook_request_total{code="200",${NAME},operation="CREATE"} 3`,
  `apiserver_admission_webhook_request_total{code="400",${NAME},operation="CREATE"} 1`,
  'apiserver_admission_webhook_request_total{code="200",name="other.example.com"} 7',
  `apiserver_admission_webhook_fail_open_count{${NAME},type="admit"} 2`,
  `apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",${NAME}} 5`,
  `apiserver_admission_webhook_admission_duration_seconds_sum{${NAME}} 9`,
];

async function* chunksOf(lines: readonly string[], end: Promise<unknown> = Promise.resolve()) {
  yield Buffer.from(`${lines.join('\n')}\n`);
  await end;
}

t.test('the counts of an API server are those of our webhook', async (t) => {
  const clock = createFakeClock();
  const counts = await readAdmissionCounts({ stream: async () => chunksOf(METRICS) }, clock, undefined);
  t.same(counts, { found: { calls: 4, failedOpen: 2, rejected: 5 } });
  const slow = {
    stream: async ({ signal }: KubeRequest) => {
      const broken = new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(createError('ECRPS_KUBERNETES_UNREACHABLE', 'x')));
      });
      return chunksOf(METRICS, broken);
    },
  };
  const reading = readAdmissionCounts(slow, clock, undefined);
  await clock.advance(2_000);
  t.same(await reading, { unread: 'there was no complete response within 2000 ms' });
});

function leaseOf(renewTime: string): object {
  const spec = { holderIdentity: 'pod-1_uid', renewTime, leaseDurationSeconds: 15 };
  return { metadata: { name: 'ecr' }, spec };
}

t.test('a leader is alive if its lease is renewed, whatever the clocks are', async (t) => {
  const place = { namespace: 'tools', name: 'ecr' };
  const path = '/apis/coordination.k8s.io/v1/namespaces/tools/leases/ecr';
  const observe = async (first: string, second = first): Promise<unknown> => {
    const clock = createFakeClock(NOW_MS);
    const responses: Record<string, object> = { [path]: leaseOf(first) };
    const observed = observeLease(createReader(clientOf(responses)), place, clock);
    await clock.advance(1_000);
    responses[path] = leaseOf(second);
    await clock.advance(5_000);
    return (await observed).isRenewed;
  };
  t.equal(await observe(at(-0.001)), true, 'four seconds ago');
  t.equal(await observe(at(-1)), false);
  t.equal(await observe(at(-1), at(-0.999)), true, 'the clock here is ahead');
  t.equal(await observe(at(1)), false, 'the clock here is behind');
  t.equal(await observe(at(1), at(1.001)), true);
});

t.test('a watch ends if no one reads it any more', async (t) => {
  const clock = createFakeClock();
  let count = 0;
  const write = (_: string, onWritten?: (error?: Error) => void) =>
    onWritten?.(count === 2 ? new Error('write EPIPE') : undefined);
  const signal = AbortSignal.timeout(10_000);
  const watching = watchReport({ clock, stdout: { write }, signal }, async () => `${++count}`);
  await clock.advance(60_000);
  await watching;
  t.equal(count, 2);
  t.notOk(signal.aborted);
});

t.test('a watch redraws a terminal, prints again elsewhere, and ends when it is stopped', async (t) => {
  for (const isTTY of [true, false]) {
    const clock = createFakeClock();
    const stop = new AbortController();
    const written: string[] = [];
    const stdout = { write: (text: string) => written.push(text), isTTY };
    let count = 0;
    const watching = watchReport({ clock, stdout, signal: stop.signal }, async () => `a\n${++count}\n`);
    await clock.advance(5_000);
    stop.abort();
    await watching;
    const redrawn = ['\x1b[H\x1b[Ja\x1b[K\n1\x1b[K\n\x1b[J', '\x1b[Ha\x1b[K\n2\x1b[K\n\x1b[J'];
    t.same(written, isTTY ? redrawn : ['a\n1\n', 'a\n2\n']);
  }
});
