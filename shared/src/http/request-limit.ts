import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/**
 * The most requests that one connection may have open. Neither Go, the kubelet nor Prometheus sends a request
 * before the answer to the last one has come, which may be a moment before the server counts it as sent.
 */
const MAX_OPEN_REQUESTS = 4;

/** What makes llhttp stop in the middle of a read, as after an upgrade: the rest is not parsed. */
const STOP_PARSING = 2;

/**
 * Closes a connection that has more than four open requests. Node parses all requests of one read before
 * anything else happens: 64 KiB hold 1,800 of them, which take megabytes, and the reads of all connections
 * come one after another. To destroy the socket does not end that, so the parser's own callback is replaced.
 * There is no documented way to do so; `request-limit.test.ts` fails if a later Node does it otherwise. A
 * connection without such a parser would have no limit, so it is closed.
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
  server.on(event, (socket: Socket) => {
    const parser = parserOf(socket);
    if (!parser) {
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

/** The part of Node's parser that calls back with each head of a request. */
interface RequestParser {
  onIncoming: (request: IncomingMessage, shouldKeepAlive: boolean) => number;
}

function parserOf(socket: Socket): RequestParser | undefined {
  if (!('parser' in socket)) return undefined;
  const { parser } = socket;
  return isRequestParser(parser) ? parser : undefined;
}

function isRequestParser(parser: unknown): parser is RequestParser {
  return (
    typeof parser === 'object' &&
    parser !== null &&
    'onIncoming' in parser &&
    typeof parser.onIncoming === 'function'
  );
}
