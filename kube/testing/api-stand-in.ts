import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** A request that waits for the response of the test. */
export interface Exchange {
  readonly url: URL;
  readonly request: IncomingMessage;
  /** Settles when the connection is closed or the response complete. */
  readonly closed: Promise<unknown>;
  json(body: unknown, status?: number, headers?: OutgoingHttpHeaders): void;
  /** Responds as a proxy in front of the API server might. */
  text(body: string, status: number): void;
  /** Responds with a failure of the API server. */
  refuse(status: number, headers?: OutgoingHttpHeaders): void;
  /** The head of a streamed response. */
  begin(status: number): void;
  /** A piece of a streamed response; the first one sends the headers. */
  write(text: string | Uint8Array): void;
  /** One watch event. */
  event(type: string, object: unknown): void;
  end(): void;
  /** Breaks the connection off. */
  destroy(): void;
}

/** An API server that does nothing by itself: the test responds to each request. */
export interface ApiStandIn {
  readonly address: string;
  readonly port: number;
  /**
   * The next request.
   *
   * @throws if none comes within five seconds
   */
  next(): Promise<Exchange>;
  /** Open connections. */
  connections(): number;
  close(): Promise<void>;
}

const NEXT_TIMEOUT_MS = 5_000;

export async function startApiStandIn(port = 0): Promise<ApiStandIn> {
  const arrived: Exchange[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    arrived.push(createExchange(request, response));
    server.emit('exchange');
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const boundPort = await listenOnLoopback(server, port);
  return {
    address: `http://127.0.0.1:${boundPort}`,
    port: boundPort,
    next: async () => {
      const signal = AbortSignal.timeout(NEXT_TIMEOUT_MS);
      for (;;) {
        const exchange = arrived.shift();
        if (exchange) return exchange;
        await once(server, 'exchange', { signal });
      }
    },
    connections: () => sockets.size,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function createExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const json = (body: unknown, status = 200, headers: OutgoingHttpHeaders = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
  const write = (text: string | Uint8Array): void => {
    response.write(text);
  };
  return {
    url: new URL(request.url ?? '/', 'http://api'),
    request,
    closed: once(response, 'close'),
    json,
    text: (body, status) => response.writeHead(status).end(body),
    refuse: (status, headers) =>
      json({ kind: 'Status', code: status, reason: 'Refused', message: 'no' }, status, headers),
    begin: (status) => response.writeHead(status).flushHeaders(),
    write,
    event: (type, object) => write(`${JSON.stringify({ type, object })}\n`),
    end: () => response.end(),
    destroy: () => response.destroy(),
  };
}
