import { createServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** A server that starts a response on each connection at once, and never completes it. */
export interface TricklingServer {
  readonly address: string;
  readonly port: number;
  /** Open connections. */
  connections(): number;
}

const PAUSE_MS = 10;

/**
 * @param start - the first bytes of each response, for instance its head
 * @param drop - what follows now and then, for ever
 */
export async function startTricklingServer(
  t: Test,
  { start, drop }: { readonly start: string; readonly drop: string },
): Promise<TricklingServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let timer: NodeJS.Timeout | undefined;
    // The client ends it in any way.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
    });
    socket.once('data', () => {
      socket.write(start);
      timer = setInterval(() => socket.write(drop), PAUSE_MS);
    });
    socket.resume();
  });
  const port = await listenOnLoopback(server);
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `http://127.0.0.1:${port}`, port, connections: () => sockets.size };
}
