import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/** The share of the limit that is reserved for connections that were never served. */
const NEW_SHARE = 1 / 4;

/**
 * Limits the open connections of a server: at the limit each new one closes another. `maxConnections` would
 * reject the new one, so that anyone who holds that many open excludes all others.
 *
 * Connections that were never served (idle ones, half handshakes, half requests, and those
 * whose requests were all rejected) are closed first, the oldest first. Only if they are fewer than a quarter of the
 * limit, the connection is closed that is unused for the longest time. So any number of connections without a valid
 * request cannot displace clients that are served, and a new client has time to send its request.
 *
 * A connection is in use from the head of a request on, so one with a review in flight is closed only if three
 * quarters of all have begun a request since. That takes longer than a review.
 *
 * To be called before the server listens.
 */
export function limitConnections(server: HttpServer | HttpsServer, limit: number): void {
  /** Never served, the oldest first. */
  const unserved = new Set<Socket>();
  /** The longest unused first. */
  const served = new Set<Socket>();
  // A peer does not identify a connection: a client that resets one can open the next from the same port
  // before the former one is closed here.
  const latest = new Map<string, Socket>();
  const connectionOfTls = new WeakMap<Socket, Socket>();

  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    latest.set(peer, socket);
    unserved.add(socket);
    socket.once('close', () => {
      unserved.delete(socket);
      served.delete(socket);
      if (latest.get(peer) === socket) latest.delete(peer);
    });
    if (unserved.size + served.size <= limit) return;
    const [oldest] = unserved.size > limit * NEW_SHARE ? unserved : served;
    if (!oldest) return;
    unserved.delete(oldest);
    served.delete(oldest);
    oldest.destroy();
  });

  server.on('secureConnection', (tls: Socket) => {
    const socket = latest.get(peerOf(tls));
    if (socket) connectionOfTls.set(tls, socket);
  });

  server.on('request', (request, response) => {
    const socket = connectionOfTls.get(request.socket) ?? request.socket;
    const use = (): void => {
      if (!unserved.delete(socket) && !served.delete(socket)) return;
      served.add(socket);
    };
    if (served.has(socket)) use();
    response.once('finish', () => {
      if (response.statusCode === SERVED_STATUS) use();
    });
  });
}

/** The status of every answered review, probe and scrape. */
const SERVED_STATUS = 200;

/** The addresses, which a TCP connection and the TLS connection on it share. */
function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
