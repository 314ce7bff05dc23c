import assert from 'node:assert/strict';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { ensurePrometheus } from '@ecr-pull-secrets/testbed/prometheus/binaries.ts';
import { type ActiveAlert, type Prometheus, startPrometheus } from '@ecr-pull-secrets/testbed/prometheus/prometheus.ts';
import { scrapeConfigsOf } from '@ecr-pull-secrets/testbed/prometheus/scrape-configs.ts';
import type { Test } from 'tap';
import { renderAlerts } from '../support/alerts.ts';
import { startChart } from '../support/chart.ts';
import { startExplainWorld } from '../support/explain.ts';
import { type Failure, type FailureName, MATRIX } from './matrix.ts';

/** A role that trusts no one. */
export const UNTRUSTING_ROLE = 'arn:aws:iam::123456789012:role/untrusting';

/** In a region whose API does not respond. */
export const DOWN_REGISTRY = REGISTRY.replace('us-east-1', 'eu-west-1');

/** Alerts count over minutes, and Prometheus scrapes the API server every five seconds. */
const SEEN_WITHIN_MS = 90_000;

interface FullEvent {
  readonly reason: string;
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly source?: { readonly component?: string };
}

/** Where a failure is looked for: as the argument of `explain`, and the object that an Event is about. */
export interface Made {
  readonly subject: string;
  readonly pod?: string;
}

export type FailureWorld = Awaited<ReturnType<typeof startFailureWorld>>;

/** The cluster of `explain`, scraped by a Prometheus with the alerts of the chart; without one only those are left out. */
export async function startFailureWorld(t: Test) {
  const found = await ensurePrometheus({ progress: progressToStderr, environment: process.env });
  const rules = await renderAlerts(await startChart(t));
  const world = await startExplainWorld();
  t.teardown(() => world.close());
  const { playground, explain } = world;
  const { api, cluster } = playground;
  const prometheus: Prometheus | undefined =
    'missing' in found
      ? undefined
      : await startPrometheus({
          guardian: cluster.guardian,
          binaries: found,
          scrapeConfigs: await scrapeConfigsOf({ ...playground, namespace: PRODUCT_NAME }),
          rules,
        });
  const seen = new Set<FailureName>();

  async function alerts(): Promise<readonly ActiveAlert[]> {
    return (await prometheus?.alerts()) ?? [];
  }

  async function createPod(namespace: string, image: string, name: string): Promise<Pod> {
    return api.createPod(namespace, { metadata: { name }, spec: { containers: [{ name: 'app', image }] } });
  }

  async function hasEvent({ reason, about }: Exclude<Failure['event'], string>, { subject, pod }: Made): Promise<void> {
    const [namespace = ''] = about === 'Deployment' ? [PRODUCT_NAME] : subject.split('/');
    const events = await api.list<FullEvent>(`/api/v1/namespaces/${namespace}/events`);
    const ours = events.filter(({ source }) => source?.component === PRODUCT_NAME);
    const isIt = ({ involvedObject, ...event }: FullEvent): boolean =>
      event.reason === reason && involvedObject.kind === about && (about !== 'Pod' || involvedObject.name === pod);
    assert.ok(ours.some(isIt), JSON.stringify(ours.map((each) => [each.reason, each.involvedObject.name])));
  }

  async function isRaised({ name, labels = {} }: Exclude<Failure['alert'], string>, before: readonly ActiveAlert[]) {
    const active = await alerts();
    const isIt = (alert: ActiveAlert): boolean =>
      Object.entries({ alertname: name, ...labels }).every(([key, value]) => alert.labels[key] === value);
    const isNew = (alert: ActiveAlert): boolean => {
      const known = before.find((each) => JSON.stringify(each.labels) === JSON.stringify(alert.labels));
      // Of a counter that did not grow, the increase that Prometheus extrapolates may.
      return known === undefined || alert.value > known.value + 0.5;
    };
    assert.ok(
      active.some((alert) => isIt(alert) && isNew(alert)),
      JSON.stringify(active.map(({ labels: each, value }) => [each, value])),
    );
  }

  /**
   * Makes a failure, and expects that `explain` shows it at once.
   *
   * @param alertsBefore - those of before it was made, if that was earlier
   * @returns waits for the alert and the Event
   */
  async function made(
    t: Test,
    name: FailureName,
    make: () => Promise<Made>,
    alertsBefore?: readonly ActiveAlert[],
  ): Promise<() => Promise<void>> {
    const { explain: words, alert, event }: Failure = MATRIX[name];
    const before = alertsBefore ?? (await alerts());
    const result = await make();
    const isReported = async (): Promise<void> => {
      if (typeof event !== 'string') await eventually(`${name}: Event`, () => hasEvent(event, result), SEEN_WITHIN_MS);
    };
    // An Event about a pod follows the next list of pods. All others are there soon, and `explain` quotes some.
    if (typeof event !== 'string' && event.about !== 'Pod') await isReported();
    await eventually(
      `${name}: explain`,
      async () => {
        const report = await explain([result.subject]);
        const line = report.stdout.split('\n').find((each) => each.startsWith(`  problem  ${words[0]} `)) ?? '';
        assert.ok(line.includes(words[1]), report.stdout + report.stderr);
        assert.equal(report.exitCode, 1);
      },
      SEEN_WITHIN_MS,
    );
    t.pass(`${name}: explain shows it`);
    return async () => {
      await isReported();
      if (prometheus && typeof alert !== 'string') {
        await eventually(`${name}: alert`, () => isRaised(alert, before), SEEN_WITHIN_MS);
      }
      seen.add(name);
      t.pass(`${name}: the alert and the Event are there`);
    };
  }

  return {
    ...world,
    prometheus,
    skip: 'missing' in found ? found.missing : false,
    /** Those whose expression is true now. */
    alerts,
    createPod,
    made,
    /** The failures that were made and seen. */
    seen: (): ReadonlySet<FailureName> => seen,
  };
}
