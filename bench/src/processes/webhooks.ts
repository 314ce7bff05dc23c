import { mkdir, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { findFreePort } from '@ecr-pull-secrets/testbed/local-cluster/free-port.ts';
import { readReviews } from '../load/reviews.ts';
import { cpuSecondsOf } from '../measure/process-usage.ts';
import type { Bench } from '../row.ts';
import { type NodeProcess, programPath, startNode } from './node-process.ts';

const HOST = '127.0.0.1';
const START_MS = 30_000;
const POLL_MS = 2;

/** A webhook that answers reviews. */
export interface Webhook extends NodeProcess {
  readonly url: string;
  /** From the start of the process to its first answer. */
  readonly startMs: number;
  /** Its CPU time until then. */
  readonly startCpuMs: number;
}

/** How a bare webhook reads the body: it parses all of it, or selects the fields that the product selects. */
export type BareReading = 'parse' | 'select';

/** What is the same for every webhook of a run. */
export interface WebhookPlace {
  readonly tlsDirectory: string;
  /** Sent to a webhook until it answers. */
  readonly review: Buffer;
}

/** A certificate for all webhooks, and an ordinary review. */
export async function webhookPlace(bench: Bench): Promise<WebhookPlace> {
  const { small } = await readReviews();
  return { tlsDirectory: await prepareTls(bench), review: small.body };
}

/** Writes a serving certificate, as the renewer does. */
async function prepareTls({ guardian }: Bench): Promise<string> {
  const directory = join(guardian.directory, 'tls');
  const now = new Date();
  const ca = await createCa({ commonName: 'bench', now });
  const serving = await createServingCertificate(ca, { serviceName: 'bench', namespace: 'bench', now });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'tls.crt'), serving.certificatePem);
  await writeFile(join(directory, 'tls.key'), serving.privateKeyPem, { mode: 0o600 });
  return directory;
}

/** Starts the product as the image does. */
export async function startProduct(bench: Bench, place: WebhookPlace): Promise<Webhook> {
  const [port, opsPort] = [await findFreePort(), await findFreePort()];
  const environment = { HOST, PORT: String(port), OPS_PORT: String(opsPort), TLS_DIR: place.tlsDirectory };
  return untilAnswered(port, place, () => startNode(bench, [...bench.product.args, 'webhook'], environment));
}

/** Starts a bare `node:https` server that returns a fixed patch. */
export async function startBare(bench: Bench, place: WebhookPlace, reading: BareReading): Promise<Webhook> {
  const port = await findFreePort();
  const args = [programPath('bare-webhook'), reading, String(port), place.tlsDirectory];
  return untilAnswered(port, place, () => startNode(bench, args));
}

async function untilAnswered(
  port: number,
  { review }: WebhookPlace,
  start: () => Promise<NodeProcess>,
): Promise<Webhook> {
  const url = `https://${HOST}:${port}/mutate?timeout=5s`;
  const startedMs = performance.now();
  const started = await start();
  for (;;) {
    const answer = await post(url, review).catch(() => undefined);
    const startMs = performance.now() - startedMs;
    if (answer?.includes('"patchType":"JSONPatch"')) {
      return { ...started, url, startMs, startCpuMs: (await cpuSecondsOf(started.pid)) * 1000 };
    }
    if (!started.isRunning() || startMs > START_MS) throw new Error(`no answer:\n${await started.output()}`);
    await systemClock.sleep(POLL_MS);
  }
}

/** Sends one review. The certificate is not verified: it is the work of the client, which is not measured. */
async function post(url: string, review: Buffer): Promise<string> {
  const agent = new Agent({ rejectUnauthorized: false });
  const headers = { 'content-type': 'application/json', 'content-length': review.length };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const outgoing = request(
    url,
    { agent, method: 'POST', headers },
    (response) => void text(response).then(resolve, reject),
  );
  outgoing.once('error', reject).end(review);
  return promise.finally(() => agent.destroy());
}
