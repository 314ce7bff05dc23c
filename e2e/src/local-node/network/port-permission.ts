import { once } from 'node:events';
import { createServer } from 'node:net';

/** An address of the loopback device that nobody uses, so that only the port matters. */
const PROBE_HOST = '127.255.255.254';

/**
 * Whether this user may listen on a port. Below `net.ipv4.ip_unprivileged_port_start` (1024 unless
 * told) only root may: a chart's Service then needs a higher port.
 */
export async function mayListenOn(port: number): Promise<boolean> {
  const server = createServer().listen({ host: PROBE_HOST, port });
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    return !isPermissionDenied(error);
  } finally {
    server.close();
  }
}

/** What to do about a Service's address that cannot be listened on. */
export function explainListenError(host: string, port: number, error: Error): string {
  const what = `the Service address ${host}:${port} cannot be listened on: ${error.message}`;
  if (!isPermissionDenied(error)) return what;
  return `${what}; give the Service a port that needs no privilege (chart value service.port, for instance 8443), or allow this one: sysctl -w net.ipv4.ip_unprivileged_port_start=${port}`;
}

function isPermissionDenied(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EACCES';
}
