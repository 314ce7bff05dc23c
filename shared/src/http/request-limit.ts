import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/**
 * The most requests that one connection may have open. Go, the kubelet and Prometheus send the next request only
 * after the answer to the last one, which may arrive a moment before the server counts it as sent.
 */
const MAX_OPEN_REQUESTS = 4;

/** A socket with Node's private parser, which calls `onIncoming` with the head of each request. */
type ParsedSocket = Socket & {
  readonly parser?: {
    onIncoming?: (request: IncomingMessage, shouldKeepAlive: boolean) => number;
  } | null;
};

/** The return value that stops llhttp in the middle of a read, as after an upgrade: the rest is not parsed. */
const STOP_PARSING = 2;

/**
 * Closes a connection that has more than four open requests. Node parses all requests of one read before
 * any other event: 64 KiB contain 1,800 of them, which take megabytes, and the reads of all connections
 * follow one another.
 *
 * This replaces a callback of Node's private `socket.parser`, because no public way stops a read: after
 * `socket.destroy()` or `pause()` in the fifth request, with `maxRequestsPerSocket: 4` or with `highWaterMark: 1024`,
 * all 2,000 requests of a burst were still parsed [Node.js 24.22.3]. A `Duplex` that passes on small pieces would
 * stop it, but has no `setTimeout`, so idle connections would never be closed. `request-limit.test.ts` fails if a
 * later Node changes the parser, and a connection without it is closed, so there is never no limit.
 *
 * To be called before the server listens.
 */
export function limitOpenRequests(server: HttpServer | HttpsServer): void {
  const open = new WeakMap<Socket, number>();
  const add = (socket: Socket, change: number): number => {
    const count = (open.get(socket) ?? 0) + change;
    open.set(socket, count);
    return count;
  };

  const event = server instanceof HttpsServer ? 'secureConnection' : 'connection';
  server.on(event, (socket: ParsedSocket) => {
    const { parser } = socket;
    if (typeof parser?.onIncoming !== 'function') {
      socket.destroy();
      return;
    }
    const { onIncoming } = parser;
    parser.onIncoming = (request, shouldKeepAlive) => {
      if (add(socket, 1) <= MAX_OPEN_REQUESTS) return onIncoming(request, shouldKeepAlive);
      socket.destroy();
      return STOP_PARSING;
    };
  });

  server.on('request', ({ socket }, response) => {
    response.once('close', () => add(socket, -1));
  });
}
