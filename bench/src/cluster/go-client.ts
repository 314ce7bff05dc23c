import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { buildGoProgram } from '../processes/go-program.ts';
import type { Bench } from '../row.ts';
import type { BenchCluster } from './bench-cluster.ts';

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
  /** Whether failures are counted. By default they end the benchmark. */
  readonly countsFailures?: boolean;
}

/** What the client measured; latencies are those of all requests of a name together, without those that failed. */
export interface GoResult {
  readonly failed: number;
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
export async function buildGoClient(bench: Bench, { serverUrl, caPem }: BenchCluster): Promise<GoClient> {
  const program = await buildGoProgram(bench, PROGRAM);
  return async ({ countsFailures = false, ...plan }) => {
    const child = bench.guardian.spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!child.stdin || !child.stdout) throw new TypeError('no streams');
    child.stdin.end(JSON.stringify({ server: serverUrl, ca: caPem, ...plan }));
    const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    if (exitCode !== 0) throw new Error(`${PROGRAM} ended with ${exitCode}`);
    const { failures, ...result }: GoResult & { readonly failures: readonly string[] } = JSON.parse(output);
    if (failures.length > 0 && !countsFailures) throw new Error(`requests failed: ${failures.join('; ')}`);
    return result;
  };
}
