import { once } from 'node:events';
import { createServer, type IncomingMessage, request as sendRequest, type ServerResponse } from 'node:http';
import { connect as connectTo, type Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { listenOnLoopback } from './listen.ts';

export interface ConnectProxyOptions {
  /** Ports of 127.0.0.1 by the target of a request, `name:port`; the names need not exist. */
  readonly routes: Readonly<Record<string, number>>;
  /** Required by Basic authentication (RFC 7617). */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Accepts connections and never answers. */
  readonly isSilent?: boolean;
}

/** A request to the proxy. */
export interface ProxiedRequest {
  /** `CONNECT`, or the method of a request in absolute form. */
  readonly method: string;
  /** `name:port`, or an absolute URL. */
  readonly target: string;
  /** 0 for none. */
  readonly status: number;
}

/** A forward proxy on 127.0.0.1. */
export interface ConnectProxy {
  /** With the valid credentials, percent-encoded, if it requires any. */
  readonly url: string;
  /** The same without credentials. */
  readonly anonymousUrl: string;
  /** In order of arrival. */
  readonly requests: readonly ProxiedRequest[];
  /** Stops listening and closes every connection and tunnel. */
  close(): Promise<void>;
}

/** Starts a proxy according to RFC 9110 §9.3.6 (CONNECT) and RFC 9112 §3.2.2 (absolute form). */
export async function startConnectProxy(options: ConnectProxyOptions): Promise<ConnectProxy> {
  const { routes, credentials, isSilent = false } = options;
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Socket>();

  /** The port to connect to, or the status of the rejection; the decision is recorded. */
  const decide = ({ method = '', url: target = '', headers }: IncomingMessage, key: string) => {
    const port = routes[key];
    const isAllowed = !credentials || headers['proxy-authorization'] === basic(credentials);
    const status = isSilent ? 0 : !isAllowed ? 407 : port === undefined ? 502 : 200;
    requests.push({ method, target, status });
    return { status, port: port ?? 0 };
  };

  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '', 'http://origin-form.invalid');
    const { status, port } = decide(incoming, `${url.hostname}:${url.port || 80}`);
    if (status === 200) forward(incoming, outgoing, url, port);
    else if (status !== 0) outgoing.writeHead(status).end();
  });
  server.on('connect', (incoming, client, head) => {
    const { status, port } = decide(incoming, incoming.url ?? '');
    if (status === 200) tunnel(client, head, port);
    else if (status !== 0) client.end(`HTTP/1.1 ${status} Refused\r\n\r\n`);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  const place = `127.0.0.1:${await listenOnLoopback(server)}`;
  return {
    url: `http://${credentials ? userInformation(credentials) : ''}${place}`,
    anonymousUrl: `http://${place}`,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function tunnel(client: Duplex, head: Buffer, port: number): void {
  const target = connectTo(port, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    target.write(head);
    pipeline(client, target, client, () => target.destroy());
  });
  target.on('error', () => client.destroy());
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, url: URL, port: number) {
  const { method, headers } = incoming;
  const path = url.pathname + url.search;
  const further = sendRequest({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(further.on('error', () => outgoing.destroy()));
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function userInformation({ username, password }: { username: string; password: string }): string {
  return `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
}
