import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { linesOf } from '@ecr-pull-secrets/kube/lines.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';
import { type Read, read } from '../cluster/read.ts';
import { WEBHOOK_NAME } from '../cluster/release.ts';

/** What one API server counted since it started, about the webhooks of all releases. */
export interface AdmissionCounts {
  /** Calls of the webhook. */
  readonly calls: number;
  /** Pods that were created without the secret, as no call succeeded (`failurePolicy: Ignore`). */
  readonly failedOpen: number;
  /** Pods that were rejected, as no call succeeded (`failurePolicy: Fail`). */
  readonly rejected: number;
}

/** The metrics of a large API server have some megabytes; they are read line by line. */
const TIMEOUT_MS = 2_000;
const LONGEST_LINE_BYTES = 64 * 1024;

const METRICS: Readonly<Record<string, keyof AdmissionCounts>> = {
  apiserver_admission_webhook_request_total: 'calls',
  apiserver_admission_webhook_fail_open_count: 'failedOpen',
  apiserver_admission_webhook_rejection_count: 'rejected',
};

/** The counts in the metrics of the API server that answers. A slow response is no reason to end. */
export function readAdmissionCounts(
  client: Pick<KubeClient, 'stream'>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<Read<AdmissionCounts>> {
  return read('get the path /metrics of the API server', () =>
    withTimeout({ clock, ms: TIMEOUT_MS, signal, timeUp }, (limited) => count(client, limited)),
  );
}

function timeUp(): Error {
  return new Error(`there was no complete response within ${TIMEOUT_MS} ms`);
}

async function count(client: Pick<KubeClient, 'stream'>, signal: AbortSignal): Promise<AdmissionCounts> {
  const counts = { calls: 0, failedOpen: 0, rejected: 0 };
  try {
    const chunks = await client.stream({ method: 'GET', path: '/metrics', accept: 'text/plain', signal });
    for await (const line of linesOf(chunks, LONGEST_LINE_BYTES)) addLine(counts, line.toString('latin1'));
    return counts;
  } catch (error) {
    // Otherwise a slow response would count as no connection.
    throw signal.aborted ? signal.reason : error;
  }
}

/** Adds a line in the text format of Prometheus. */
function addLine(counts: { -readonly [name in keyof AdmissionCounts]: number }, line: string): void {
  if (!line.startsWith('apiserver_admission_webhook_') || !line.includes(`name="${WEBHOOK_NAME}"`)) return;
  const [, metric = '', value = ''] = /^(\w+)\{.*\} (\S+)/.exec(line) ?? [];
  const name = METRICS[metric];
  if (name !== undefined && Number.isFinite(Number(value))) counts[name] += Number(value);
}
