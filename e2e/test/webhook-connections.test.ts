import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startWebhookProcess, type WebhookProcess } from './support/webhook-process.ts';
import { buildGoProgram } from './support/go-program.ts';

const REVIEW = fileURLToPath(
  new URL('../../server/test/fixtures/admission-review.pod.json', import.meta.url),
);

const IDLE_CONNECTIONS = 1_000;
const COLD_HANDSHAKES = 200;

/** What an API server waits for an answer: the chart's `webhook.timeoutSeconds`. */
const TIMEOUT_MS = 5_000;

/** The beginning of one, in single bytes. */
const CLIENT_HELLO = ['16', '03', '01', '02', '00', '01', '00', '01', 'fc', '03', '03'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

/** What `e2e/go/idle-connections` prints. */
interface IdleReport {
  readonly opened: number;
  readonly reused: number;
  readonly shortestIdleMs: number;
  readonly longestIdleMs: number;
  readonly errors: readonly string[];
}

/** What `e2e/go/cold-handshakes` prints, of each kind of call. */
interface CallReport {
  readonly answered: number;
  readonly slowestMs: number;
  readonly errors: readonly string[];
}

const webhook = await startWebhookProcess();
t.teardown(() => webhook.close());

// It waits for a minute and a half, in which the other tests run.
const idle = await buildGoProgram(t, 'idle-connections');
const idleReport = idle.run<IdleReport>([
  ...flagsFor(webhook),
  `-connections=${IDLE_CONNECTIONS}`,
  '-shortest=89s',
  '-longest=91s',
]);
idleReport.catch(() => undefined);

t.test(`${COLD_HANDSHAKES} cold handshakes at once are in time, and so is the rest`, async (t) => {
  const program = await buildGoProgram(t, 'cold-handshakes');

  const { cold, beside } = await program.run<{ cold: CallReport; beside: CallReport }>([
    ...flagsFor(webhook),
    `-connections=${COLD_HANDSHAKES}`,
  ]);

  t.strictSame(cold.errors, []);
  t.equal(cold.answered, COLD_HANDSHAKES);
  t.ok(cold.slowestMs < TIMEOUT_MS, `the slowest handshake with its review: ${cold.slowestMs} ms`);
  t.strictSame(beside.errors, []);
  t.ok(beside.slowestMs < TIMEOUT_MS, `of ${beside.answered} reviews: ${beside.slowestMs} ms`);
});

t.test('a connection whose handshake does not come to its end is closed', async (t) => {
  const { host, port } = webhook;
  const hello = CLIENT_HELLO.values();
  const silent = connect(port, host);
  const slow = connect(port, host);
  const drip = setInterval(() => slow.write(hello.next().value ?? ''), 1_000);
  t.teardown(() => clearInterval(drip));

  const ages = await Promise.all([silent, slow].map(ageAtClose));

  for (const ms of ages) t.ok(ms < 15_000, `after ${ms} ms`);
});

t.test(`${IDLE_CONNECTIONS} connections serve again after 89 to 91 idle seconds`, async (t) => {
  const { opened, reused, errors, shortestIdleMs, longestIdleMs } = await idleReport;

  t.strictSame(errors, []);
  t.equal(opened, IDLE_CONNECTIONS);
  t.equal(reused, IDLE_CONNECTIONS, 'none was replaced by a new one');
  t.ok(longestIdleMs > 90_900, `idle for ${shortestIdleMs} to ${longestIdleMs} ms`);
});

/** The flags that all our Go callers have. */
function flagsFor({ url, caFile, serverName }: WebhookProcess): string[] {
  return [`-url=${url}`, `-ca=${caFile}`, `-server-name=${serverName}`, `-review=${REVIEW}`];
}

async function ageAtClose(socket: Socket): Promise<number> {
  const startMs = performance.now();
  socket.on('error', () => undefined).resume();
  await once(socket, 'close');
  return Math.round(performance.now() - startMs);
}
