import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';

/** A container by its names. */
export interface ContainerName {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface LogServerOptions {
  /** The API server's own certificate and key: the server has them too, and accepts no other client. */
  readonly certificatePath: string;
  readonly keyPath: string;
  /** The file with the log of a container. */
  readonly logPath: (name: ContainerName) => string;
  /** Whether more may be written to it. */
  readonly isRunning: (name: ContainerName) => boolean;
}

/** Serves what kubelet serves for `kubectl logs`, and nothing else. */
export interface LogServer {
  readonly port: number;
  close(): void;
}

const HOST = '127.0.0.1';
const POLL_MS = 200;
const PATH = /^\/containerLogs\/([^/]+)\/([^/]+)\/([^/]+)$/;
/** The log has no times, and the processes of a container write to one file. */
const SUPPORTED = new Set(['follow', 'tailLines']);

/** Listens on a free port of the loopback address. */
export async function startLogServer(options: LogServerOptions): Promise<LogServer> {
  const [cert, key] = await Promise.all([readFile(options.certificatePath), readFile(options.keyPath)]);
  const own = new X509Certificate(cert).fingerprint256;
  const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', `https://${HOST}`);
    const [, namespace, pod, container] = PATH.exec(url.pathname) ?? [];
    const unsupported = [...url.searchParams.keys()].find((name) => !SUPPORTED.has(name));
    if (!isApiServer(request)) return refuse(response, 401, 'only the API server may read logs here');
    if (!namespace || !pod || !container) return refuse(response, 404, 'the local node has only logs');
    if (unsupported) return refuse(response, 400, `the local node does not support ${unsupported} of logs`);
    await send({ namespace, pod, container }, url.searchParams, response);
  }

  function isApiServer(request: IncomingMessage): boolean {
    if (!(request.socket instanceof TLSSocket)) return false;
    // Without a certificate the object is empty.
    const { raw }: { readonly raw?: Buffer } = request.socket.getPeerCertificate();
    return raw !== undefined && new X509Certificate(raw).fingerprint256 === own;
  }

  async function send(name: ContainerName, query: URLSearchParams, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    const lines = query.get('tailLines');
    let offset = 0;
    for (;;) {
      // Before the file is read: what a container writes at its end is in it then.
      const mayGrow = query.get('follow') === 'true' && options.isRunning(name) && !response.destroyed;
      const text = await readFrom(options.logPath(name), offset);
      response.write(offset === 0 && lines !== null ? lastLines(text, Number(lines)) : text);
      offset += text.length;
      if (!mayGrow) break;
      await delay(POLL_MS);
    }
    response.end();
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${message}\n`);
}

/** @returns nothing if the container has written nothing */
async function readFrom(path: string, offset: number): Promise<Buffer> {
  const file = await open(path).catch(() => undefined);
  if (!file) return Buffer.alloc(0);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - offset), position: offset });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function lastLines(text: Buffer, count: number): string {
  const lines = text.toString().split(/(?<=\n)/);
  return count === 0 ? '' : lines.slice(-count).join('');
}
