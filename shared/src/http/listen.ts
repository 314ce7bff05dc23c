import type { FastifyInstance } from 'fastify';
import { isSystemError } from '../errors.ts';

/**
 * How many connections may wait to be accepted: as many as Linux allows by default (`net.core.somaxconn`).
 * Linux drops any further one silently, and its client retries after a second. This happened with
 * Node's default of 511 while a client opened 5,000 connections a second.
 */
const BACKLOG = 4_096;

/**
 * Listens on `host`, or on `0.0.0.0` if `host` is `::` and the machine has no IPv6.
 *
 * @throws the listener's own error, for instance EADDRINUSE
 */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port, backlog: BACKLOG });
  } catch (error) {
    if (host !== '::' || !isSystemError(error, 'EAFNOSUPPORT')) throw error;
    await app.listen({ host: '0.0.0.0', port, backlog: BACKLOG });
  }
}
