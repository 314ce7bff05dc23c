import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

export interface ServingSettings {
  readonly host: string;
  readonly port: number;
  /** PEM by which the webhook is trusted, and the name in its certificate. */
  readonly ca: string;
  readonly serverName: string;
  /** An AdmissionReview that is to be answered with a patch. */
  readonly reviewFile: string;
  /** The process that answers reviews. */
  readonly webhookPid: number;
  /** What probes and scrapers request, and the process that answers. */
  readonly opsUrls: readonly { readonly url: string; readonly pid: number }[];
}

export interface ServingReport {
  answered: number;
  /** Milliseconds of the slowest answer of each kind, without those in which the client or the server waited for a CPU. */
  readonly slowest: Record<string, number>;
  /** What was not answered as it should. */
  readonly problems: string[];
  /** How many it took to keep one open. */
  connections: number;
}

const PROGRAM = fileURLToPath(new URL('../fixtures/serving-watch.ts', import.meta.url));
const MAX_MS = 1_000;

/** Lets something happen while reviews, probes and scrapes are answered, each within a second. */
export async function whileServing(t: Test, settings: ServingSettings, action: () => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'readable');
  const output = text(child.stdout);
  try {
    await action();
  } finally {
    child.stdin.end();
  }
  const [, line = ''] = (await output).split('\n');
  const report: ServingReport = JSON.parse(line);
  t.strictSame(report.problems, [], 'reviews, probes and scrapes');
  t.ok(report.answered > 0);
  t.equal(report.connections, 1, 'the connection in use stayed open');
  for (const [what, ms] of Object.entries(report.slowest)) t.ok(ms < MAX_MS, `${what}: ${ms} ms`);
}
