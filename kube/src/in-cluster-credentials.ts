import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { CredentialSource, KubeCredentials } from './credentials.ts';

/** The API server's address as kubelet puts it into each container's environment. */
export interface InClusterAddress {
  readonly host: string;
  readonly port: number;
  /** Folder of `token` and `ca.crt`, both replaced by kubelet from time to time. */
  readonly serviceAccountDir: string;
}

/** As client-go reads the token again. Kubelet replaces it when a fifth of its life is left, at least two minutes. */
const MAX_AGE_MS = 60_000;

/**
 * Credentials of the pod's ServiceAccount. Its files are read again when they are older than a minute; until then the
 * result is the same object.
 *
 * The loader of client-node has a fixed path, and client-node takes more than 10 MiB of memory
 * (`npm run bench -- memory-renewer`).
 */
export function inClusterCredentials(
  { clock }: { readonly clock: Pick<Clock, 'now'> },
  { host, port, serviceAccountDir }: InClusterAddress,
): CredentialSource {
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let last: { readonly credentials: KubeCredentials; readonly atMs: number } | undefined;
  return async () => {
    const atMs = clock.now();
    // The absolute value: a clock that was set back must not keep a token that has expired.
    if (last && Math.abs(atMs - last.atMs) <= MAX_AGE_MS) return last.credentials;
    const [token, ca] = await Promise.all([
      readFile(join(serviceAccountDir, 'token'), 'utf8'),
      readFile(join(serviceAccountDir, 'ca.crt')),
    ]);
    last = { credentials: { server, authorization: `Bearer ${token.trim()}`, tls: { ca } }, atMs };
    return last.credentials;
  };
}
