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
import { buildGoProgram } from './go-program.ts';
import { type NodeProcess, programPath, startNode, startProgram } from './node-process.ts';

const LOOPBACK = '127.0.0.1';
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
  /** The address on which it listens; 127.0.0.1 by default. */
  readonly host?: string;
  /** The port; a free one by default. */
  readonly port?: number;
}

/** A certificate for a Service, and an ordinary review. */
export async function webhookPlace(
  bench: Bench,
  service: Service = { serviceName: 'bench', namespace: 'bench' },
): Promise<WebhookPlace & { readonly caPem: string }> {
  const { small } = await readReviews();
  return { ...(await prepareTls(bench, service)), review: small.body };
}

interface Service {
  readonly serviceName: string;
  readonly namespace: string;
}

/** Writes a serving certificate, as the renewer does. */
async function prepareTls({ guardian }: Bench, service: Service) {
  const directory = join(guardian.directory, `tls-${service.serviceName}`);
  const now = new Date();
  const ca = await createCa({ commonName: 'bench', now });
  const serving = await createServingCertificate(ca, { ...service, now });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'tls.crt'), serving.certificatePem);
  await writeFile(join(directory, 'tls.key'), serving.privateKeyPem, { mode: 0o600 });
  return { tlsDirectory: directory, caPem: ca.certificatePem };
}

/** Starts the product as the image does. */
export async function startProduct(bench: Bench, place: WebhookPlace): Promise<Webhook> {
  const { host: HOST = LOOPBACK, tlsDirectory: TLS_DIR, port = await findFreePort() } = place;
  const opsPort = await findFreePort();
  const environment = { HOST, PORT: String(port), OPS_PORT: String(opsPort), TLS_DIR };
  return untilAnswered(port, place, () => startNode(bench, [...bench.product.args, 'webhook'], environment));
}

/** Starts a bare `node:https` server that returns a fixed patch. */
export async function startBare(bench: Bench, place: WebhookPlace, reading: BareReading): Promise<Webhook> {
  const { host = LOOPBACK, port = await findFreePort() } = place;
  const args = [programPath('bare-webhook'), reading, host, String(port), place.tlsDirectory];
  return untilAnswered(port, place, () => startNode(bench, args));
}

/** Starts a webhook in Go that decodes the pod into structs. */
export async function startGo(bench: Bench, place: WebhookPlace): Promise<Webhook> {
  const { host = LOOPBACK, port = await findFreePort() } = place;
  const program = await buildGoProgram(bench, 'webhook');
  return untilAnswered(port, place, () => startProgram(bench, [program, `${host}:${port}`, place.tlsDirectory]));
}

async function untilAnswered(
  port: number,
  { review, host = LOOPBACK }: WebhookPlace,
  start: () => NodeProcess,
): Promise<Webhook> {
  const url = `https://${host}:${port}/mutate?timeout=5s`;
  const startedMs = performance.now();
  const started = start();
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
