import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { readCaBundle } from './ca.ts';
import { SERVER_NAME, WEBHOOK_PORT, webhookPods } from './webhook-pods.ts';

const INTERVAL_MS = 100;

/** What new connections to the replicas met, as the API server would make them. */
export interface Handshakes {
  /** Where a certificate was shown that the bundle of that moment did not trust. */
  readonly untrusted: readonly string[];
  /** Of the certificates that were served. */
  readonly serialNumbers: ReadonlySet<string>;
}

/** Connects to each replica anew, ten times a second, while something happens. */
export async function watchHandshakes(playground: Playground, action: () => Promise<void>): Promise<Handshakes> {
  const untrusted: string[] = [];
  const serialNumbers = new Set<string>();
  const over = new AbortController();
  const watching = (async () => {
    for (;;) {
      // Once more when it is over: what came of it in the last moment counts too.
      const isLast = over.signal.aborted;
      for (const served of await handshakesNow(playground)) {
        serialNumbers.add(served.serialNumber);
        if (served.problem) untrusted.push(served.problem);
      }
      if (isLast) return;
      await delay(INTERVAL_MS);
    }
  })();
  try {
    await action();
  } finally {
    over.abort();
    await watching;
  }
  return { untrusted, serialNumbers };
}

interface Served {
  readonly serialNumber: string;
  /** Why the API server would not go on. */
  readonly problem: string;
}

/**
 * One handshake with each replica that is ready.
 *
 * @param bundle - PEM by which it is judged; by default the one that was published before
 */
export async function handshakesNow(playground: Playground, bundle?: string): Promise<readonly Served[]> {
  const ca = bundle ?? (await readCaBundle(playground.api));
  const pods = await webhookPods(playground);
  const served = await Promise.all(pods.map(({ host }) => shakeHands(host, ca)));
  return served.filter((one) => one !== undefined);
}

/** Nothing if no server answers any more. */
async function shakeHands(host: string, ca: string): Promise<Served | undefined> {
  const trust = { ca, servername: SERVER_NAME, rejectUnauthorized: false };
  const socket = connect({ host, port: WEBHOOK_PORT, ...trust });
  try {
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    const problem = socket.authorized ? '' : `${socket.authorizationError} at ${host}`;
    return { serialNumber, problem };
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
