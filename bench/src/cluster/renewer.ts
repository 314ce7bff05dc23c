import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { findFreePort } from '@ecr-pull-secrets/testbed/local-cluster/free-port.ts';
import { AWS_IDENTITY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { cpuSecondsOf } from '../measure/process-usage.ts';
import { type NodeProcess, startNode } from '../processes/node-process.ts';
import type { Bench } from '../row.ts';
import { AWS_REGION, type BenchCluster } from './bench-cluster.ts';

const POLL_MS = 50;
const WITHIN_MS = 300_000;
const WROTE = '"msg":"wrote the pull secret"';

export interface RenewerSettings {
  /** The namespaces whose label has this value are its targets. */
  readonly group: string;
  /** More than the chart sets, if the rotation is to be as fast as it can. */
  readonly routineWritesPerSecond?: number;
  /** The API server, if a proxy is in front of it. */
  readonly serverUrl?: string;
}

/** A renewer as the image starts it, with the ServiceAccount, the rights and the fence of the chart. */
export interface Renewer extends NodeProcess {
  /** The name of its pod, with which its identity in the lease begins. */
  readonly name: string;
  /** Ends it as a rollout does: it releases its lease. */
  readonly stop: () => Promise<void>;
}

export async function startRenewer(bench: Bench, cluster: BenchCluster, settings: RenewerSettings): Promise<Renewer> {
  const environment = await renewerEnvironment(bench, cluster, settings);
  const started = startNode(bench, [...bench.product.args, 'renewer'], environment);
  return {
    ...started,
    name: environment.POD_NAME,
    stop: async () => {
      process.kill(started.pid, 'SIGTERM');
      await started.ended;
    },
  };
}

/** The environment of one more renewer. */
export async function renewerEnvironment(
  bench: Bench,
  cluster: BenchCluster,
  { group, routineWritesPerSecond, serverUrl = cluster.serverUrl }: RenewerSettings,
) {
  const name = `renewer-${crypto.randomUUID()}`;
  const configFile = join(bench.guardian.directory, `${name}.json`);
  await writeFile(configFile, JSON.stringify({ routineWritesPerSecond }));
  const tlsDir = join(bench.guardian.directory, `${name}-tls`);
  await mkdir(tlsDir);
  const { hostname, port } = new URL(serverUrl);
  return {
    NODE_OPTIONS: bench.product.renewerOptions,
    HOST: '127.0.0.1',
    OPS_PORT: String(await findFreePort()),
    POD_NAME: name,
    POD_NAMESPACE: PRODUCT_NAME,
    NAMESPACE_SELECTOR: `${INJECT_LABEL}=${group}`,
    CONFIG_FILE: configFile,
    TLS_DIR: tlsDir,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    SERVICE_ACCOUNT_DIR: cluster.serviceAccountDir,
    AWS_REGION,
    AWS_ACCESS_KEY_ID: AWS_IDENTITY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: AWS_IDENTITY.secretAccessKey,
    AWS_ENDPOINT_URL: cluster.ecr.endpoint,
    // The tokens of the stand-in must not be tried at real registries.
    CANARY: 'off',
  };
}

/** Writes of a renewer: how many a second between its first and its last, and its CPU time for each. */
export interface Writes {
  readonly perSecond: number;
  readonly cpuMsEach: number;
  /** When the first one was written, in ms since the epoch. */
  readonly firstAtMs: number;
}

/**
 * Waits until a renewer has written so many secrets, by its own log.
 *
 * @throws if that takes too long
 */
export async function untilWritten({ pid, output, isRunning }: Renewer, count: number): Promise<Writes> {
  const deadlineMs = performance.now() + WITHIN_MS;
  let first: { readonly written: number; readonly cpuSeconds: number } | undefined;
  for (;;) {
    const cpuSeconds = await cpuSecondsOf(pid);
    const timesMs = writeTimesMs(await output());
    const written = timesMs.length;
    if (written > 0) first ??= { written, cpuSeconds };
    if (first && written >= count) {
      const [firstAtMs = 0] = timesMs;
      const spanMs = (timesMs[count - 1] ?? 0) - firstAtMs;
      const cpuMs = (cpuSeconds - first.cpuSeconds) * 1000;
      return { perSecond: ((count - 1) / spanMs) * 1000, cpuMsEach: cpuMs / (written - first.written), firstAtMs };
    }
    if (!isRunning() || performance.now() > deadlineMs) {
      throw new Error(`${written} of ${count} secrets were written:\n${(await output()).slice(-2000)}`);
    }
    await systemClock.sleep(POLL_MS);
  }
}

/** When it wrote each secret. */
function writeTimesMs(log: string): readonly number[] {
  return log
    .split('\n')
    .filter((line) => line.includes(WROTE) && line.endsWith('}'))
    .map((line) => Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? ''));
}
