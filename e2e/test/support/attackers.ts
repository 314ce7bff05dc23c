import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import type { Test } from 'tap';

/** An attacker without any credentials, who can reach the ports. */
export interface Attacked {
  readonly host: string;
  readonly port: number;
}

/** How many connections are being opened at a time. */
const OPENING = 64;

/** Fewer than the kernel lets wait until they are accepted. */
const MAX_WAITING = 256;

/**
 * Opens connections and keeps them until the test ends.
 *
 * @returns those that the other side has left open so far
 */
export async function hold(
  t: Test,
  count: number,
  open: () => Promise<Socket | undefined>,
): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  let next = 0;
  const work = async (): Promise<void> => {
    while (next++ < count) {
      const socket = await open();
      if (socket) sockets.push(socket);
    }
  };
  await Promise.all(Array.from({ length: OPENING }, work));
  return sockets.filter(({ closed }) => !closed);
}

/**
 * Makes TLS connections of one client, which resumes its session: that costs this side the least.
 *
 * @param said - what is sent over each; it resolves when that is written
 */
export function tlsOpener({ host, port }: Attacked, said?: Buffer) {
  let session: Buffer | undefined;
  return async (): Promise<Socket | undefined> => {
    const trust = { rejectUnauthorized: false, ecdhCurve: 'X25519' };
    const socket = connectTls({ host, port, ...trust, ...(session && { session }) });
    socket.once('session', (ticket: Buffer) => (session ??= ticket));
    return await opened(socket, 'secureConnect', said);
  };
}

/**
 * Makes plain connections to a server that answers `/livez`. To fill the kernel's backlog would be an attack
 * on the kernel, which drops what is too much; an answer shows that all before it were accepted.
 */
export function tcpOpener({ host, port }: Attacked, said: Buffer) {
  let count = 0;
  let accepted: Promise<unknown> = Promise.resolve();
  return async (): Promise<Socket | undefined> => {
    await accepted;
    count++;
    if (count % MAX_WAITING === 0) accepted = fetch(`http://${host}:${port}/livez`);
    return await opened(connectTcp(port, host), 'connect', said);
  };
}

/** Nothing if the other side closes it before. */
async function opened(socket: Socket, event: string, said?: Buffer): Promise<Socket | undefined> {
  const closed = new Promise<undefined>((resolve) => socket.once('close', () => resolve(undefined)));
  socket.on('error', () => undefined).resume();
  const ready = new Promise<Socket>((resolve) => {
    socket.once(event, () => {
      if (said) socket.write(said, () => resolve(socket));
      else resolve(socket);
    });
  });
  return await Promise.race([ready, closed]);
}

/** Posts a body as an API server would. */
export async function post(
  { host, port }: Attacked,
  body: Buffer,
): Promise<{ readonly status: number; readonly text: string }> {
  const outgoing = request({
    host,
    port,
    rejectUnauthorized: false,
    agent: false,
    method: 'POST',
    path: '/mutate?timeout=5s',
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  return { status: response.statusCode, text: await text(response) };
}
