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
  /** Never served, by peer, the oldest first. */
  const unserved = new Map<string, Socket>();
  /** The longest unused first. */
  const served = new Map<string, Socket>();

  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    unserved.set(peer, socket);
    socket.once('close', () => {
      unserved.delete(peer);
      served.delete(peer);
    });
    if (unserved.size + served.size <= limit) return;
    const candidates = unserved.size > limit * NEW_SHARE ? unserved : served;
    for (const [key, oldest] of candidates) {
      candidates.delete(key);
      oldest.destroy();
      break;
    }
  });

  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    const use = (socket: Socket | undefined): void => {
      if (!socket) return;
      unserved.delete(peer);
      served.delete(peer);
      served.set(peer, socket);
    };
    use(served.get(peer));
    response.once('finish', () => {
      if (response.statusCode === SERVED_STATUS) use(unserved.get(peer) ?? served.get(peer));
    });
  });
}

/** Of every review, probe and scrape that is answered as its client wants. */
const SERVED_STATUS = 200;

/** What a TCP connection and the TLS connection on it have in common. */
function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
