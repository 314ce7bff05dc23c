import type { FastifyInstance } from 'fastify';

/**
 * How many connections may wait to be accepted: as many as Linux allows by default (`net.core.somaxconn`).
 * What does not fit is dropped without a word, and its client tries again after a second; so it was with
 * Node's 511 while somebody opened 5,000 connections a second.
 */
const BACKLOG = 4_096;

/**
 * Listens on `host`, and on `0.0.0.0` where `::` was asked for on a machine without IPv6.
 *
 * @throws the listener's own error, for instance EADDRINUSE
 */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port, backlog: BACKLOG });
  } catch (error) {
    const noIpv6 = error instanceof Error && 'code' in error && error.code === 'EAFNOSUPPORT';
    if (host !== '::' || !noIpv6) throw error;
    await app.listen({ host: '0.0.0.0', port, backlog: BACKLOG });
  }
}
