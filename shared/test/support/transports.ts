import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How a client and a server of a test speak. */
export interface Transport {
  readonly createServer: (listener: RequestListener) => Server;
  /** @param localPort - of the client; one that is free unless given */
  readonly connect: (port: number, localPort?: number) => Socket;
  /** What a client's socket emits once it can write. */
  readonly ready: string;
}

/** A key that both sides have takes the place of a certificate. */
const PSK = Buffer.alloc(16, 1);
const TLS_OPTIONS = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;

export const TRANSPORTS: Readonly<Record<'HTTP' | 'HTTPS', Transport>> = {
  HTTP: {
    createServer: createHttpServer,
    connect: (port, localPort) => connectTcp(addressOf(port, localPort)),
    ready: 'connect',
  },
  HTTPS: {
    createServer: (listener) =>
      createHttpsServer({ ...TLS_OPTIONS, pskCallback: () => PSK }, listener),
    connect: (port, localPort) =>
      connectTls({
        ...TLS_OPTIONS,
        socket: connectTcp(addressOf(port, localPort)),
        pskCallback: () => ({ psk: PSK, identity: 'test' }),
        checkServerIdentity: () => undefined,
      }),
    ready: 'secureConnect',
  },
};

/** A client that binds its address first has its port alone, so that it can have it again. */
function addressOf(port: number, localPort = 0) {
  return { port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort };
}
