import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A name on this machine that one holder has at a time. */
export interface Claim {
  /** The listening socket that is the claim; it may be handed to another process. */
  readonly server: Server;
  release(): void;
}

/**
 * Claims a name, or returns `undefined` if another process holds it.
 *
 * A claim is a listening socket in Linux's abstract namespace (unix(7)). The kernel lets go of it
 * when its last holder dies, so no claim can be stale, and its scope is the network namespace, the
 * same as a loopback address's.
 */
export async function claim(name: string): Promise<Claim | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => waiting.delete(socket));
  });
  server.listen(abstractPath(name));
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
  return {
    server,
    release: () => {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}

/** Resolves once the holder has released the name or died; it may be taken again by then. */
export async function waitForRelease(name: string): Promise<void> {
  const socket = connect(abstractPath(name));
  socket.resume();
  // The holder stopped listening or ended: both mean released.
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
}

/** Hashed, because an abstract name has 107 bytes at most. */
function abstractPath(name: string): string {
  return `\0ecr-pull-secrets ${createHash('sha256').update(name).digest('hex')}`;
}
