import { connect, createServer, type Socket } from 'node:net';

export interface ForwarderOptions {
  readonly host: string;
  readonly port: number;
  /** Chooses where a new connection goes, as `address:port`; nothing if there is no target. */
  readonly choose: () => string | undefined;
  /** Called if the address cannot be listened on. */
  readonly onError: (error: Error) => void;
  /** Keeps the sockets of both sides while they are open. */
  readonly sockets: Set<Socket>;
}

/** A listening address. */
export interface Forwarder {
  /** Refuses new connections from now on; those that are established live on. */
  close(): void;
}

/**
 * Listens and joins each connection with one to a target. What one side does the other side sees: data,
 * a half-close, a reset; a target that refuses the connection resets it.
 */
export function startForwarder(options: ForwarderOptions): Forwarder {
  const { host, port, choose, onError, sockets } = options;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = choose();
    if (!target) {
      client.resetAndDestroy();
      return;
    }
    const [targetHost = '', targetPort] = target.split(':');
    const upstream = connect({
      host: targetHost,
      port: Number(targetPort),
      allowHalfOpen: true,
      noDelay: true,
    });
    pass(client, upstream, sockets);
    pass(upstream, client, sockets);
  });
  server.once('error', onError);
  server.listen({ host, port });
  return {
    close: () => {
      server.close();
    },
  };
}

/** Passes on what one side says and how it ends. */
function pass(from: Socket, to: Socket, sockets: Set<Socket>): void {
  sockets.add(from);
  from.once('close', () => sockets.delete(from));
  from.once('error', () => to.resetAndDestroy());
  from.pipe(to);
}
