import type { Socket } from 'node:net';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { WebhookApp } from './app.ts';

/** How long reviews in flight may take to end: a review takes milliseconds; a slow upload must not delay the exit. */
const FINISH_MS = 5_000;

/**
 * Creates the function that closes an app: it accepts no new connections, lets reviews in flight end, and
 * destroys the connections that are still open after five seconds. Node's own `close` waits for every connection, and
 * spare ones without a request, or peers that never finish a handshake, may stay for minutes.
 *
 * To be called before the app listens, so that it sees all connections.
 */
export function boundedClose(app: WebhookApp, clock: Clock): () => Promise<void> {
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  return async () => {
    const closed = new AbortController();
    const closing = app.close().finally(() => closed.abort());
    await Promise.race([closing, clock.sleep(FINISH_MS, closed.signal)]);
    for (const socket of sockets) socket.destroy();
    await closing;
  };
}
