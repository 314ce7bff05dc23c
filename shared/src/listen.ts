import type { FastifyInstance } from 'fastify';

/**
 * Listens on `host`, and on `0.0.0.0` where `::` was asked for on a machine without IPv6.
 *
 * @throws the listener's own error, for instance EADDRINUSE
 */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const noIpv6 = error instanceof Error && 'code' in error && error.code === 'EAFNOSUPPORT';
    if (host !== '::' || !noIpv6) throw error;
    await app.listen({ host: '0.0.0.0', port });
  }
}
