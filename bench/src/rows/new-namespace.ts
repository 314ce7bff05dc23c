import { NAMESPACES_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { removeCheckpoint } from '../cluster/bench-cluster.ts';
import { inWorld, type World, namespaceCount } from '../cluster/contestants.ts';
import type { GoRequest } from '../cluster/go-client.ts';
import { applyRequestLike, createNamespaces } from '../cluster/namespaces.ts';
import { startRenewer, untilWritten } from '../cluster/renewer.ts';
import { followingSecrets } from '../cluster/follow-secrets.ts';
import { compare, quantileOf } from '../measure/statistics.ts';
import type { Result, Row, Target } from '../row.ts';

const TIMES = 200;
const TIMES_WITH_TENTH = 50;

/** It must not depend on their number; the medians of two runs differ that much. */
const GROWTH = 1.3;

/** As many labels as fit into a rotation of 2,000 namespaces at the pace of the chart, which takes 40 s. */
const PAUSE_MS = 100;

/** A namespace that opts in. */
export const newNamespace: Row = {
  name: 'new-namespace',
  work: `from the label of a namespace to its secret, ${TIMES} times`,
  limit: 'the round trip of one server-side apply of a secret',
  seconds: 75,
  measure: (bench) =>
    inWorld(bench, (world) => {
      const waiting: Waiting = new Map();
      const onVersion = ({ metadata: { namespace = '' } }: PartialObjectMetadata): void =>
        waiting.get(namespace)?.(performance.now());
      return followingSecrets(world.cluster, { onVersion }, () => measureBoth(world, waiting));
    }),
};

/** Called with the time at which the secret of a namespace appears. */
type Waiting = Map<string, (atMs: number) => void>;

async function measureBoth(world: World, waiting: Waiting): Promise<readonly Result[]> {
  const { bench, cluster } = world;
  const count = namespaceCount(bench);
  await createNamespaces(world, 'all', count / 10);
  const idle = await startRenewer(bench, cluster, { group: 'all' });
  await untilWritten(idle, count / 10);
  const apply = await applyRequestLike(cluster, 'all-0', { creates: true });
  const prepare = async (prefix: string, times = TIMES): Promise<Labelling> => ({
    apply,
    labelled: await createNamespaces(world, `${prefix}-labelled`, times),
    applied: await createNamespaces(world, `${prefix}-applied`, times),
  });
  const withTenth = await measureLabels(world, waiting, await prepare('tenth', TIMES_WITH_TENTH));
  await createNamespaces(world, 'all', count - count / 10, count / 10);
  await untilWritten(idle, count + TIMES_WITH_TENTH);
  const [first, second] = [await prepare('idle'), await prepare('rotation')];
  bench.progress(`labelling ${TIMES} namespaces`);
  const whenIdle = await measureLabels(world, waiting, first);
  await idle.stop();

  await removeCheckpoint(cluster);
  const rotating = await startRenewer(bench, cluster, { group: 'all' });
  await untilWritten(rotating, 1);
  bench.progress(`labelling ${TIMES} namespaces in a rotation`);
  const inRotation = await measureLabels(world, waiting, second);
  await rotating.stop();
  return [
    ...resultsOf('idle', whenIdle, { p50: atMost(3), p99: atMost(5) }),
    {
      what: `idle, ${count.toLocaleString('en')} namespaces`,
      unit: 'ms, p50',
      limitName: `itself with ${(count / 10).toLocaleString('en')}`,
      ...compare([quantileOf(whenIdle.oursMs, 0.5)], [quantileOf(withTenth.oursMs, 0.5)]),
      target: atMost(GROWTH),
    },
    ...resultsOf('in a rotation', inRotation, { p99: atMost(20) }),
  ];
}

interface Labelling {
  readonly apply: GoRequest;
  /** Which get the label. */
  readonly labelled: readonly string[];
  /** Which get an apply by this process. */
  readonly applied: readonly string[];
}

interface Labels {
  readonly oursMs: readonly number[];
  readonly applyMs: readonly number[];
}

/** Labels namespaces one after another, with an apply beside each. */
async function measureLabels(world: World, waiting: Waiting, { apply, labelled, applied }: Labelling): Promise<Labels> {
  const oursMs: number[] = [];
  const applyMs: number[] = [];
  for (const [index, namespace] of labelled.entries()) {
    const startedMs = performance.now();
    const { promise: appeared, resolve } = Promise.withResolvers<number>();
    waiting.set(namespace, resolve);
    await world.cluster.client.request({
      method: 'PATCH',
      path: `${NAMESPACES_PATH}/${namespace}`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { [INJECT_LABEL]: 'all' } } },
    });
    oursMs.push((await appeared) - startedMs);
    applyMs.push(await roundTripMs(world, apply, applied[index] ?? ''));
    await systemClock.sleep(PAUSE_MS);
  }
  return { oursMs, applyMs };
}

async function roundTripMs({ cluster }: World, apply: GoRequest, namespace: string): Promise<number> {
  const [path = '', query = ''] = apply.path.replaceAll('{{name}}', namespace).split('?');
  const { method, contentType, accept, body } = apply;
  const startedMs = performance.now();
  await cluster.client.request({
    method,
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    contentType,
    accept,
    body: JSON.parse(body.replaceAll('{{name}}', namespace)),
  });
  return performance.now() - startedMs;
}

function resultsOf(
  what: string,
  { oursMs, applyMs }: Labels,
  targets: { readonly p50?: Target; readonly p99: Target },
): readonly Result[] {
  const at = (share: number) => compare([quantileOf(oursMs, share)], [quantileOf(applyMs, share)]);
  return [
    { what, unit: 'ms, p50', ...at(0.5), ...(targets.p50 && { target: targets.p50 }) },
    { what, unit: 'ms, p99', ...at(0.99), target: targets.p99 },
  ];
}

function atMost(value: number): Target {
  return { of: 'ratio', is: 'at most', value };
}
