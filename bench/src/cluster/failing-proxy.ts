import { readFile } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, STATUS_CODES, type ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';
import { CERTIFICATE_PATH, KEY_PATH } from '@ecr-pull-secrets/testbed/local-cluster/api-server.ts';
import type { BenchCluster } from './bench-cluster.ts';

/** The share of answers that are failures. */
const FAILING = 0.05;

/** What a client gets then, each as often. A server that fails with 504 may have done the work. */
const STATUSES = [429, 500, 503, 504];

const LATENCY_MS = 1_000;
const CUT_WATCHES_EVERY_MS = 10_000;

/** An HTTPS proxy in front of the API server, which fails from `fail` on. */
export interface FailingProxy {
  readonly url: string;
  /** Begins to fail; the function that it returns ends that. */
  readonly fail: () => () => Failures;
  close(): Promise<void>;
}

/** What clients met. */
export interface Failures {
  readonly answers: number;
  readonly failed: number;
  readonly cutWatches: number;
}

/** Starts the proxy with the certificate of the API server, so that clients trust it. */
export async function startFailingProxy({ directory, serverUrl, caPem }: BenchCluster): Promise<FailingProxy> {
  const [cert, key] = await Promise.all([CERTIFICATE_PATH, KEY_PATH].map((path) => readFile(join(directory, path))));
  const agent = new Agent({ keepAlive: true, ca: caPem });
  const watches = new Set<ClientRequest>();
  let isFailing = false;
  let answers = 0;
  let failed = 0;
  let cutWatches = 0;

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url = '', headers } = incoming;
    const upstream = request(new URL(url, serverUrl), { method, headers, agent }, (response) => {
      if (isFailing) answers++;
      if (isFailing && Math.random() < FAILING) {
        failed++;
        response.resume();
        return answerFailure(outgoing);
      }
      const answer = (): void => {
        // The client has given up meanwhile, or the answer was cut.
        if (outgoing.destroyed || response.destroyed) return void outgoing.destroy();
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        outgoing.flushHeaders();
        // If either side is cut, the other one is too.
        pipeline(response, outgoing, () => undefined);
      };
      if (isFailing) setTimeout(answer, LATENCY_MS);
      else answer();
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.once('close', () => {
      watches.delete(upstream);
      upstream.destroy();
    });
    if (new URL(url, serverUrl).searchParams.has('watch')) watches.add(upstream);
    incoming.pipe(upstream);
  }

  function cut(): void {
    cutWatches += watches.size;
    for (const watch of watches) watch.destroy();
  }

  const server = createServer({ cert, key }, forward);
  const port = await listenOnLoopback(server);
  return {
    url: `https://127.0.0.1:${port}`,
    fail: () => {
      isFailing = true;
      const timer = setInterval(cut, CUT_WATCHES_EVERY_MS);
      return () => {
        isFailing = false;
        clearInterval(timer);
        return { answers, failed, cutWatches };
      };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}

/** Answers with a failure in place of what the API server answered. */
function answerFailure(outgoing: ServerResponse): void {
  const status = STATUSES[Math.floor(Math.random() * STATUSES.length)] ?? 500;
  const body = JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: STATUS_CODES[status],
    code: status,
  });
  const retryAfter = status === 429 ? { 'retry-after': '1' } : {};
  outgoing.writeHead(status, { 'content-type': 'application/json', ...retryAfter });
  outgoing.end(body);
}
