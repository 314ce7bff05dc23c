import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench } from '../row.ts';
import type { BenchCluster } from './bench-cluster.ts';

const MODULE = fileURLToPath(new URL('../../go', import.meta.url));
const PROGRAM = 'send-requests';

/** One request of the client; `{{name}}` in the path and the body is the name. */
export interface GoRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly contentType: string;
  readonly accept: string;
  readonly body: string;
}

export interface GoPlan {
  /** Whose. */
  readonly token: string;
  /** Of the API server, or of a proxy in front of it. */
  readonly server?: string;
  readonly concurrency: number;
  readonly names: readonly string[];
  /** One after another for each name. */
  readonly requests: readonly GoRequest[];
}

/** What the client measured; latencies are those of all requests of a name together. */
export interface GoResult {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends the requests of a plan. */
export type GoClient = (plan: GoPlan) => Promise<GoResult>;

/**
 * Builds `bench/go/send-requests`: the least that a client of an API server can do, in the language of the others.
 *
 * @throws if there is no Go on PATH; the client throws if a request failed
 */
export async function buildGoClient({ guardian }: Bench, { serverUrl, caPem }: BenchCluster): Promise<GoClient> {
  const program = join(guardian.directory, PROGRAM);
  // Flags and a workspace of a person's own would build something else. (Empty would mean unset.)
  const flags = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-o', program, `./${PROGRAM}`], {
    cwd: MODULE,
    env: { ...process.env, ...flags },
  });
  return async (plan) => {
    const child = guardian.spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!child.stdin || !child.stdout) throw new TypeError('no streams');
    child.stdin.end(JSON.stringify({ server: serverUrl, ca: caPem, ...plan }));
    const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    if (exitCode !== 0) throw new Error(`${PROGRAM} ended with ${exitCode}`);
    const { failures, ...result }: GoResult & { readonly failures: readonly string[] } = JSON.parse(output);
    if (failures.length > 0) throw new Error(`requests failed: ${failures.join('; ')}`);
    return result;
  };
}
