import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { findOnPath } from '@ecr-pull-secrets/testbed/local-cluster/executable.ts';
import { cpuSecondsOf } from '../measure/process-usage.ts';
import { programPath } from '../processes/node-process.ts';
import type { Webhook } from '../processes/webhooks.ts';
import type { Bench } from '../row.ts';
import type { Review } from './reviews.ts';

const WRK_SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

/** How much is sent, over connections that are kept. */
export interface LoadSettings {
  readonly review: Review;
  readonly connections: number;
  readonly seconds: number;
}

/** What a client measured, and the CPU time of the webhook meanwhile. */
export interface LoadResult {
  readonly reviews: number;
  readonly cpuSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the programs of the clients print. */
interface ClientReport {
  readonly reviews: number;
  readonly failures: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Where `wrk` is, if the machine has it (Debian package `wrk`). */
export function findWrk(): Promise<string | undefined> {
  return findOnPath('wrk', process.env['PATH'] ?? '');
}

/**
 * Sends a review again and again from another process: by `wrk`, or if the machine does not have it, by a client in
 * Node, which takes more CPU. Both count latencies in microseconds.
 *
 * @throws if a review failed
 */
export async function sendReviews(bench: Bench, webhook: Webhook, settings: LoadSettings): Promise<LoadResult> {
  const { review, connections, seconds } = settings;
  const body = join(bench.guardian.directory, `${review.name.replace(' ', '-')}.json`);
  await writeFile(body, review.body);
  const wrk = await findWrk();
  const [command, ...args] = wrk
    ? [wrk, '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', WRK_SCRIPT, webhook.url]
    : [process.execPath, programPath('load-client'), webhook.url, String(connections), String(seconds), body];
  const before = await cpuSecondsOf(webhook.pid);
  const child = bench.guardian.spawn(command, args, {
    // For the script of wrk.
    environment: { BODY: body },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new TypeError('no standard output');
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const cpuSeconds = (await cpuSecondsOf(webhook.pid)) - before;
  const report: ClientReport = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
  if (report.failures > 0 || report.reviews === 0) throw new Error(`reviews failed:\n${output}`);
  return { reviews: report.reviews, cpuSeconds, p50Ms: report.p50Us / 1000, p99Ms: report.p99Us / 1000 };
}
