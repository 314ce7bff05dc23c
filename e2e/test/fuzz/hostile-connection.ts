import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { WebhookProcess } from '../support/webhook-process.ts';
import { cut, flip } from './changed-text.ts';
import type { Random } from './random.ts';
import { CONFIDENTIAL, recordedReview } from './review.ts';

export type Target = Pick<WebhookProcess, 'host' | 'port' | 'caPem' | 'serverName'>;

/**
 * Connects, does harm of one kind, and waits until the server has closed the connection.
 *
 * @returns what it answered in clear, if anything
 */
export type Attack = (target: Target, random: Random) => Promise<string>;

/** Longer than the server gives a handshake. */
const PATIENCE_MS = 20_000;

/** What is no TLS at all, or a handshake that ends early. */
export const brokenHandshake: Attack = async ({ host, port, serverName }, random) => {
  const hello = await clientHello(serverName);
  const bytes = random.pick([
    random.bytes(1 + random.below(600)),
    Buffer.concat([Buffer.from('160301', 'hex'), random.bytes(random.below(600))]),
    Buffer.from(`POST /mutate HTTP/1.1\r\nhost: x\r\n\r\n${CONFIDENTIAL}`),
    cut(hello, random),
    flip(hello, random),
  ]);
  const socket = connectTcp(port, host);
  socket.write(bytes);
  return await endOf(socket, random);
};

/** A review whose TLS record is cut off or changed on its way. */
export const brokenRecord: Attack = async ({ host, port, caPem, serverName }, random) => {
  const wire = connectTcp(port, host);
  const [inside, outside] = duplexPair();
  const client = connectTls({ socket: inside, ca: caPem, servername: serverName });
  let isArmed = false;
  outside.on('data', (records: Buffer) => {
    wire.write(isArmed ? random.pick([cut, flip])(records, random) : records);
  });
  wire.on('data', (records: Buffer) => outside.write(records));
  wire.on('error', (error) => client.destroy(error));
  wire.on('close', () => outside.end());
  const said = listenTo(client);
  await once(client, 'secureConnect');
  isArmed = true;
  client.write(requestOf('content-length', random));
  await new Promise(setImmediate);
  await endOf(wire, random);
  await new Promise(setImmediate);
  client.destroy();
  return said();
};

/** A review that says wrong things about its own length, or a head that is none. */
export const brokenRequest: Attack = async ({ host, port, caPem, serverName }, random) => {
  const client = connectTls({ host, port, ca: caPem, servername: serverName });
  await once(client, 'secureConnect');
  client.write(requestOf(random.pick(FAULTS), random));
  return await endOf(client, random);
};

const FAULTS = ['content-length', 'chunks', 'both', 'twice', 'head', 'long head', 'many'] as const;
type Fault = (typeof FAULTS)[number];

/** Nothing of it may be answered as a review: each one is wrong somewhere. */
function requestOf(fault: Fault, random: Random): Buffer {
  const body = JSON.stringify(recordedReview());
  const wrongLength = body.length + random.pick([-1, 1]) * (1 + random.below(body.length - 1));
  const length = `content-length: ${body.length}`;
  const heads: Readonly<Record<Fault, string>> = {
    'content-length': `content-length: ${wrongLength}`,
    chunks: 'transfer-encoding: chunked',
    both: `${length}\r\ntransfer-encoding: chunked`,
    twice: `${length}\r\ncontent-length: ${wrongLength}`,
    head: random.bytes(1 + random.below(100)).toString('latin1'),
    'long head': `x: ${CONFIDENTIAL.repeat(1_000)}\r\n${length}`,
    many: 'x: y\r\n\r\nGET /mutate HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(random.below(50)),
  };
  const first = 'POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json';
  return Buffer.from(`${first}\r\n${heads[fault]}\r\n\r\n${body}`, 'latin1');
}

/** The first thing that a TLS client sends. */
async function clientHello(servername: string): Promise<Buffer> {
  const [inside, outside] = duplexPair();
  const client = connectTls({ socket: inside, servername });
  const [hello] = await once(outside, 'data');
  client.destroy();
  return hello;
}

/**
 * Breaks a connection, or ends it and waits until the other side has closed it too.
 *
 * @returns what it said
 * @throws if it does not close
 */
async function endOf(socket: Socket, random: Random): Promise<string> {
  const said = listenTo(socket);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  let isLate = false;
  socket.setTimeout(PATIENCE_MS, () => {
    isLate = true;
    socket.destroy();
  });
  if (random.below(4) === 0) socket.destroy();
  else socket.end();
  await closed;
  if (isLate) throw new Error('the server left the connection open');
  return said();
}

/** Whatever breaks off, what came before counts. */
function listenTo(stream: Duplex): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => undefined);
  return () => Buffer.concat(chunks).toString('latin1');
}
