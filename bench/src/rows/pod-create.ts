import { admissionDurations, fastShare } from '../cluster/admission-durations.ts';
import { readMetrics } from '../cluster/api-server-metrics.ts';
import { inWorld, type World } from '../cluster/contestants.ts';
import type { GoResult } from '../cluster/go-client.ts';
import { type Contestant, setUpContestants, type Starts, webhookNameOf } from '../cluster/pod-contestants.ts';
import { podRequest } from '../cluster/pods.ts';
import { alternate } from '../measure/alternate.ts';
import { addedBy, compare, compareBy } from '../measure/statistics.ts';
import { startBare, startProduct } from '../processes/webhooks.ts';
import type { Bench, Result, Row, Target } from '../row.ts';

const ROUNDS = 5;

/** How many pods a batch has: half a second of work, and at least two for each creator. */
const BATCHES = [
  { creators: 1, pods: 150 },
  { creators: 20, pods: 300 },
  { creators: 500, pods: 1_000 },
];

/** Pods that are created at an API server. */
export const podCreate: Row = {
  name: 'pod-create',
  work: 'what is added to the time in which an API server creates a pod',
  limit: 'a bare `node:https` webhook with `JSON.parse` behind a Service of its own',
  seconds: 215,
  measure: (bench) =>
    measurePods(bench, {
      ours: (place) => startProduct(bench, place),
      limit: (place) => startBare(bench, place, 'parse'),
    }),
  compare: async (after, before) => {
    const results = await measurePods(after, {
      ours: (place) => startProduct(after, place),
      limit: (place) => startProduct(before, place),
    });
    return results.map(withoutTarget);
  },
};

/** Before a change is no limit. */
function withoutTarget({ what, unit, limitName, ours, limit, ratio }: Result): Result {
  return { what, unit, ...(limitName && { limitName }), ours, limit, ratio };
}

function measurePods(bench: Bench, starts: Starts): Promise<readonly Result[]> {
  return inWorld(bench, async (world) => {
    const webhooks = await setUpContestants(world, starts);
    try {
      const results: Result[] = [];
      for (const isDryRun of [true, false]) {
        for (const batch of BATCHES) results.push(...(await measureBatches(world, { ...batch, isDryRun })));
      }
      return results;
    } finally {
      await Promise.all(webhooks.map((webhook) => webhook.end()));
    }
  });
}

interface Batch {
  readonly creators: number;
  readonly pods: number;
  readonly isDryRun: boolean;
}

async function measureBatches(world: World, { creators, pods, isDryRun }: Batch): Promise<readonly Result[]> {
  const { bench, cluster, send } = world;
  const what = `${creators} creator${creators === 1 ? '' : 's'}, ${isDryRun ? 'dry run' : 'stored'}`;
  bench.progress(what);
  let run = 0;
  const create = (contestant: Contestant) => async (): Promise<GoResult> => {
    const prefix = `pod-${creators}-${run++}`;
    const names = Array.from({ length: pods }, (_, index) => `${prefix}-${index}`);
    const requests = [await podRequest(contestant, { isDryRun })];
    return send({ token: cluster.adminToken, concurrency: creators, names, requests, countsFailures: true });
  };
  const before = await readMetrics(cluster.client);
  const { ours, policy, neither, limit } = await alternate(ROUNDS, {
    ours: create('ours'),
    policy: create('policy'),
    neither: create('neither'),
    limit: create('limit'),
  });
  const after = await readMetrics(cluster.client);
  const shareOf = (contestant: keyof Starts): number => {
    const name = webhookNameOf(contestant);
    return fastShare(admissionDurations(before, name), admissionDurations(after, name)) * 100;
  };
  const [shareOfOurs, shareOfLimit] = [shareOf('ours'), shareOf('limit')];
  return [
    { what, unit: 'ms added, p50', ...addedBy(P50, { ours, limit, neither }), target: TARGET },
    { what, unit: 'ms added, p99', ...addedBy(P99, { ours, limit, neither }), target: TARGET },
    { what: `${what}, policy mode`, unit: 'ms added, p50', ...addedBy(P50, { ours: policy, limit, neither }) },
    { what: `${what}, policy mode`, unit: 'ms added, p99', ...addedBy(P99, { ours: policy, limit, neither }) },
    {
      what,
      unit: 'ms, p50, in all',
      limitName: 'without a webhook',
      ...compareBy(P50, ours, neither),
    },
    { what, unit: 'pods that failed', ...compareBy(FAILED, ours, limit), target: NONE },
    { what, unit: '% of calls within 25 ms', ...compare([shareOfOurs], [shareOfLimit]) },
  ];
}

const P50 = ({ p50Ms }: GoResult): number => p50Ms;
const P99 = ({ p99Ms }: GoResult): number => p99Ms;

const FAILED = ({ failed }: GoResult): number => failed;

const NONE: Target = { of: 'ours', is: 'at most', value: 0 };
const TARGET: Target = { of: 'ratio', is: 'at most', value: 1.15 };
