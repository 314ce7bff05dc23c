import { once } from 'node:events';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { listenOnLoopback } from './listen.ts';

/** A SOCKS5 proxy on 127.0.0.1. */
export interface Socks5Proxy {
  /** With the valid credentials. */
  readonly url: string;
  /** The `name:port` of each request, in order of arrival. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const VERSION = 5;
const USERNAME_PASSWORD = 2;
const SUCCEEDED = [VERSION, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const NOT_ALLOWED = [VERSION, 2, 0, 1, 0, 0, 0, 0, 0, 0];
const CREDENTIALS = { username: 'me', password: 'secret' };

/**
 * Starts a proxy according to RFC 1928, with the user name and password of RFC 1929. Each message of a client
 * must arrive in one piece, as it does on the loopback device.
 *
 * @param routes - ports of 127.0.0.1 by `name:port`; the names need not exist
 */
export async function startSocks5Proxy(routes: Readonly<Record<string, number>>): Promise<Socks5Proxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {}).on('close', () => sockets.delete(client));
    void serve(client, routes, requests).catch(() => client.destroy());
  });
  const port = await listenOnLoopback(server);
  const { username, password } = CREDENTIALS;
  return {
    url: `socks5://${username}:${password}@127.0.0.1:${port}`,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function serve(client: Socket, routes: Readonly<Record<string, number>>, requests: string[]): Promise<void> {
  await nextPiece(client);
  client.write(Buffer.of(VERSION, USERNAME_PASSWORD));
  const { username, password } = CREDENTIALS;
  const wanted = `\u0001\u0002${username}\u0006${password}`;
  const isAllowed = (await nextPiece(client)).toString() === wanted;
  client.write(Buffer.of(1, isAllowed ? 0 : 1));
  if (!isAllowed) return;
  // VER CMD RSV ATYP=3 LENGTH NAME PORT
  const request = await nextPiece(client);
  const end = 5 + (request[4] ?? 0);
  const target = `${request.subarray(5, end).toString()}:${request.readUInt16BE(end)}`;
  requests.push(target);
  const port = routes[target];
  if (port === undefined) return void client.end(Buffer.from(NOT_ALLOWED));
  const further = connectTo(port, '127.0.0.1', () => {
    client.write(Buffer.from(SUCCEEDED));
    pipeline(client, further, client, () => further.destroy());
  });
  further.on('error', () => client.destroy());
}

async function nextPiece(socket: Socket): Promise<Buffer> {
  const arrived = once(socket, 'data');
  socket.resume();
  const [piece]: unknown[] = await arrived;
  socket.pause();
  if (!Buffer.isBuffer(piece)) throw new TypeError('bytes are expected');
  return piece;
}
