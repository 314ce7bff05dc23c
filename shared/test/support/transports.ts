import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How the client and the server of a test are connected. */
export interface Transport {
  readonly createServer: (listener: RequestListener) => Server;
  /** @param localPort - the port of the client; a free one by default */
  readonly connect: (port: number, localPort?: number) => Socket;
  /** The event of a client's socket when it can write. */
  readonly ready: string;
}

/** A pre-shared key replaces the certificate. */
const PSK = Buffer.alloc(16, 1);
const TLS_OPTIONS = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;

export const TRANSPORTS: Readonly<Record<'HTTP' | 'HTTPS', Transport>> = {
  HTTP: {
    createServer: createHttpServer,
    connect: (port, localPort) => connectTcp(addressOf(port, localPort)),
    ready: 'connect',
  },
  HTTPS: {
    createServer: (listener) => createHttpsServer({ ...TLS_OPTIONS, pskCallback: () => PSK }, listener),
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

/** A client that binds its address can reuse its port for the next connection. */
function addressOf(port: number, localPort = 0) {
  return { port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort };
}
