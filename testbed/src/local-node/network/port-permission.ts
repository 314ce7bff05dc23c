import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Whether this user can listen on a port at an address of its own now. It cannot if another program
 * listens on it at all addresses, nor below `net.ipv4.ip_unprivileged_port_start` (1024 by default)
 * if it is not root: a chart's Service then needs a higher port.
 */
export async function mayListenOn(port: number): Promise<boolean> {
  const server = createServer().listen({ host: chooseUnusedAddress(), port });
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (isPermissionDenied(error) || hasCode(error, 'EADDRINUSE')) return false;
    throw error;
  } finally {
    server.close();
  }
}

/** Above all that Services and pods have, and another each time: another process that tries must not collide with us. */
function chooseUnusedAddress(): string {
  return `127.${randomInt(192, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
}

/** What to do about a Service's address that cannot be listened on. */
export function explainListenError(host: string, port: number, error: Error): string {
  const what = `the Service address ${host}:${port} cannot be listened on: ${error.message}`;
  if (!isPermissionDenied(error)) return what;
  return `${what}; give the Service a port that needs no privilege (chart value service.port, for instance 8443), or allow this one: sysctl -w net.ipv4.ip_unprivileged_port_start=${port}`;
}

function isPermissionDenied(error: unknown): boolean {
  return hasCode(error, 'EACCES');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
