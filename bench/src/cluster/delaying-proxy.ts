import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** A TCP proxy in front of a server. */
export interface DelayingProxy {
  /** The URL of the server through the proxy. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a proxy that passes on each piece of data after a delay, in both directions, as a long line does. */
export async function startDelayingProxy(target: string, delayMs: number): Promise<DelayingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    // A connection that either side cut is over for both.
    pipeline(client, delay(delayMs), upstream, delay(delayMs), client, () => {
      client.destroy();
      upstream.destroy();
    });
  });
  const proxyPort = await listenOnLoopback(server);
  return {
    url: `https://127.0.0.1:${proxyPort}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Pieces do not wait for each other: timers of one duration fire in their order. */
function delay(ms: number): Transform {
  return new Transform({
    transform(piece, _, done) {
      setTimeout(() => this.push(piece), ms);
      done();
    },
    flush(done) {
      setTimeout(done, ms);
    },
  });
}
