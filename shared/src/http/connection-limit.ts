import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/** The share of the connections that those which were never served may have in any case. */
const NEW_SHARE = 1 / 4;

/**
 * Limits a server's open connections: at the limit each new one closes another. `maxConnections` would
 * refuse the new one, so that anyone who holds that many keeps everybody else out.
 *
 * The first to go are connections that were never served (idle ones, half handshakes, half requests, and those
 * whose requests were all refused), the oldest first. Only when they are fewer than a quarter of the limit, the
 * one goes that is unused for the longest time. So clients that are served outlive any number of connections that
 * ask for nothing that is there, and a client that has just connected has the time to ask.
 *
 * A connection is in use from the head of a request on, so one with a review under way goes only if three quarters
 * of all have begun a request since. That takes longer than a review.
 *
 * To be called before the server listens.
 */
export function limitConnections(server: HttpServer | HttpsServer, limit: number): void {
  /** Never served, the oldest first. */
  const unserved = new Set<Socket>();
  /** The longest unused first. */
  const served = new Set<Socket>();
  // A peer is no key of the sets: a client that resets a connection can open the next one from the same port
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

/** Of every review, probe and scrape that is answered as its client wants. */
const SERVED_STATUS = 200;

/** What a TCP connection and the TLS connection on it have in common. */
function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
