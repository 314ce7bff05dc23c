import { readdir } from 'node:fs/promises';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { heapAfterCollection, INSPECTABLE, residentBytes } from '../support/process-memory.ts';
import { startWebhookProcess, type WebhookProcess } from '../support/webhook-process.ts';
import { type CaseRunner, type CasesReport, createCaseRunner } from './run-cases.ts';

export interface SoakOptions {
  readonly seed: number;
  /** How many hostile cases, the warm-up included. */
  readonly cases: number;
  /** Takes a line now and then that says how far it is. */
  readonly progress?: (line: string) => void;
}

export interface SoakReport extends CasesReport {
  /** Once warm, and at the end. */
  readonly warm: Footprint;
  readonly end: Footprint;
  /** All that is wrong, `failures` among it; empty if the webhook bore everything. */
  readonly problems: readonly string[];
}

/** What a process takes. */
export interface Footprint {
  /** Living objects. */
  readonly heapBytes: number;
  /** All memory, after the garbage was collected. */
  readonly residentBytes: number;
  /** Open files and connections. */
  readonly descriptors: number;
}

const MEBIBYTE = 1024 ** 2;

/** Code is compiled, and the largest bodies have been there. */
const WARM_UP_CASES = 1_000;
const WARM_UP_SHARE = 0.2;

/**
 * Makes glibc give back what is freed (mallopt(3)): left to itself it keeps up to 100 MiB after the
 * longest bodies, now more and now less, in which no leak could be seen.
 */
const PLAIN_MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072' };

/** As the chart has it for its own limit of memory (`chart/templates/_memory.tpl`). */
const HEAP_FLAGS = '--max-old-space-size=128 --max-semi-space-size=1';

/** In the long run 26 bytes a case. It grows by a third of a mebibyte in all [measured]. */
const MAX_HEAP_GROWTH_BYTES = 2 * MEBIBYTE;

/** For what is outside of the heap, buffers and TLS: in the long run 315 bytes a case. */
const MAX_RESIDENT_GROWTH_BYTES = 24 * MEBIBYTE;

/** One that is being closed just then; a leak is a hundred and more: each harmed connection is one. */
const MAX_DESCRIPTOR_GROWTH = 8;

/** After so many more it is measured again. */
const STEP_CASES = 10_000;

/** The inspector, by which memory is measured, speaks on standard error. */
const INSPECTOR_LINE = /^(?:Debugger |For help, see: )/;

/**
 * Gives a webhook of its own all the cases of a seed.
 *
 * @throws if it crashed or did not stop well, with what it logged and the cases that failed
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const webhook = await startWebhookProcess({
    ...PLAIN_MALLOC,
    [INSPECTABLE.name]: `${INSPECTABLE.value} ${HEAP_FLAGS}`,
  });
  const runner = createCaseRunner(webhook, options.seed);
  const crash = webhook.ended.then((how) => Promise.reject(new Error(`it ended with ${how}`)));
  try {
    const report = await Promise.race([soakWebhook(webhook, runner, options), crash]);
    crash.catch(() => undefined);
    webhook.stop();
    const how = await webhook.ended;
    if (how !== 0) throw new Error(`after SIGTERM it ended with ${how}`);
    return report;
  } catch (error) {
    const what = `seed ${options.seed}: ${describeError(error)}`;
    const known = [what, ...runner.report().failures, await webhook.log()];
    throw new Error(known.join('\n'), { cause: error });
  } finally {
    await webhook.close();
  }
}

async function soakWebhook(
  webhook: WebhookProcess,
  runner: CaseRunner,
  { cases, progress }: SoakOptions,
): Promise<SoakReport> {
  const { length: linesBefore } = await linesOf(webhook);
  const warmUp = Math.min(cases, Math.max(WARM_UP_CASES, cases * WARM_UP_SHARE));
  await runner.run(0, warmUp);
  const warm = await footprintOf(webhook);
  let end = warm;
  for (let done = warmUp; done < cases; ) {
    const next = Math.min(cases, done + STEP_CASES);
    await runner.run(done, next);
    end = await footprintOf(webhook);
    progress?.(`${next} cases: ${describeFootprint(end)}`);
    done = next;
  }
  const report = runner.report();
  const problems = [
    ...report.failures,
    ...growthProblems(warm, end),
    ...metricProblems(await webhook.metrics()),
    ...(await linesOf(webhook)).slice(linesBefore).map((line) => `it logged ${line}`),
  ];
  return { ...report, warm, end, problems };
}

/** `heap 13.2 MiB, resident 190.0 MiB, 32 descriptors` */
export function describeFootprint(footprint: Footprint): string {
  const [heap, resident] = [footprint.heapBytes, footprint.residentBytes].map(
    (bytes) => `${(bytes / MEBIBYTE).toFixed(1)} MiB`,
  );
  return `heap ${heap}, resident ${resident}, ${footprint.descriptors} descriptors`;
}

async function footprintOf(webhook: WebhookProcess): Promise<Footprint> {
  const heapBytes = await heapAfterCollection(await webhook.log());
  const descriptors = await readdir(`/proc/${webhook.pid}/fd`);
  return {
    heapBytes,
    residentBytes: await residentBytes(webhook.pid),
    descriptors: descriptors.length,
  };
}

function growthProblems(warm: Footprint, end: Footprint): string[] {
  const isLarger =
    end.heapBytes - warm.heapBytes > MAX_HEAP_GROWTH_BYTES ||
    end.residentBytes - warm.residentBytes > MAX_RESIDENT_GROWTH_BYTES ||
    end.descriptors - warm.descriptors > MAX_DESCRIPTOR_GROWTH;
  return isLarger ? [`it grew: ${describeFootprint(warm)}; then ${describeFootprint(end)}`] : [];
}

function metricProblems(metrics: string): string[] {
  const expected = ['admission_requests_total{result="error"} 0\n', 'admission_in_flight 0\n'];
  return expected.filter((sample) => !metrics.includes(sample)).map((sample) => `its metrics have no ${sample}`);
}

async function linesOf(webhook: WebhookProcess): Promise<string[]> {
  const lines = (await webhook.log()).split('\n');
  return lines.filter((line) => line !== '' && !INSPECTOR_LINE.test(line));
}
