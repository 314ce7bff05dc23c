import type { Socket } from 'node:net';
import { createLaggingSet } from './lagging-set.ts';
import type { Frontend } from './service-targets.ts';
import { type Forwarder, startForwarder } from './tcp-forwarder.ts';

export interface EntranceOptions extends Pick<Frontend, 'host' | 'port'> {
  /** How long a target that is to leave stays; called each time. */
  readonly removalDelayMs: () => number;
  readonly onError: (error: Error) => void;
  readonly sockets: Set<Socket>;
}

/** One port of a Service's address. */
export interface ServiceEntrance {
  /** Says where connections may go now. */
  update(targets: ReadonlySet<string>): void;
  /** Refuses new connections for good. */
  close(): void;
}

/**
 * Forwards connections to the targets in turn. While there is none, the port is closed, so that connections
 * are refused, as kube-proxy refuses them.
 */
export function createEntrance(options: EntranceOptions): ServiceEntrance {
  let forwarder: Forwarder | undefined;
  let turn = 0;

  function choose(): string | undefined {
    const present = targets.values();
    return present[turn++ % present.length];
  }

  const targets = createLaggingSet(options.removalDelayMs, () => {
    if (targets.values().length > 0) {
      forwarder ??= startForwarder({ ...options, choose });
      return;
    }
    forwarder?.close();
    forwarder = undefined;
  });
  return { update: targets.update, close: targets.clear };
}
