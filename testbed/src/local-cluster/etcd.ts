import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Component, startComponent } from './component.ts';
import type { Guardian } from './guardian.ts';

/** Relative to the guardian's folder, since a socket's path may have 107 characters only (unix(7)). */
export const ETCD_URL = 'unix://etcd.sock';
const PEER_URL = 'unix://peer.sock';

/** Starts etcd on a Unix socket: there is no port to collide on, and no other user can connect. */
export function startEtcd(guardian: Guardian, command: string): Promise<Component> {
  const name = 'etcd';
  return startComponent({
    guardian,
    name,
    command,
    args: [
      `--name=${name}`,
      '--data-dir=etcd',
      `--listen-client-urls=${ETCD_URL}`,
      `--advertise-client-urls=${ETCD_URL}`,
      `--listen-peer-urls=${PEER_URL}`,
      `--initial-advertise-peer-urls=${PEER_URL}`,
      `--initial-cluster=${name}=${PEER_URL}`,
      // The data is thrown away with the cluster.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    isReady: () => access(join(guardian.directory, 'etcd.sock')).then(() => true),
  });
}
