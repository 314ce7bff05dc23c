import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/** The share of the connections that those without an answer may have in any case. */
const NEW_SHARE = 1 / 4;

/**
 * Limits a server's open connections: at the limit each new one closes another. `maxConnections` would
 * refuse the new one, so that anyone who holds that many keeps everybody else out.
 *
 * The first to go are connections that never had an answer (idle ones, half handshakes, half requests), the
 * oldest first. Only when they are fewer than a quarter of the limit, the one goes whose last answer is the
 * longest ago. So clients that are served outlive any number of connections that ask for nothing, and a
 * client that has just connected has the time to ask.
 *
 * To be called before the server listens.
 */
export function limitConnections(server: HttpServer | HttpsServer, limit: number): void {
  /** Without an answer yet, by peer, the oldest first. */
  const unanswered = new Map<string, Socket>();
  /** The longest unused first. */
  const answered = new Map<string, Socket>();

  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    unanswered.set(peer, socket);
    socket.once('close', () => {
      unanswered.delete(peer);
      answered.delete(peer);
    });
    if (unanswered.size + answered.size <= limit) return;
    const candidates = unanswered.size > limit * NEW_SHARE ? unanswered : answered;
    for (const [key, oldest] of candidates) {
      candidates.delete(key);
      oldest.destroy();
      break;
    }
  });

  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    response.once('finish', () => {
      const socket = unanswered.get(peer) ?? answered.get(peer);
      if (!socket) return;
      unanswered.delete(peer);
      answered.delete(peer);
      answered.set(peer, socket);
    });
  });
}

/** What a TCP connection and the TLS connection on it have in common. */
function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
