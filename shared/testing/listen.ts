import { once } from 'node:events';
import type { Server } from 'node:net';

/**
 * Lets a server of any protocol listen at 127.0.0.1.
 *
 * @param port - a free one if omitted
 * @returns the port
 * @throws the system's error if the port is taken
 */
export async function listenOnLoopback(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('a TCP server has an address with a port');
  return address.port;
}
