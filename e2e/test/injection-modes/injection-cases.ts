import assert from 'node:assert/strict';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import {
  failedPolicyChecks,
  kubernetesMinor,
  POLICIES_SINCE,
} from '@ecr-pull-secrets/testbed/testing/admission-policies.ts';
import { sumOfMetric } from '@ecr-pull-secrets/testbed/testing/api-server-metrics.ts';
import { LABELLED, podWith } from '../support/injection-cases/case.ts';
import { INJECTION_GROUPS } from '../support/injection-cases/groups.ts';
import { createInjectionWorld, type InjectionMode, secretsOf } from '../support/injection-world.ts';
import { SECRET } from '../support/pull-secret.ts';
import { playground } from './release.ts';

const { api, cluster } = playground;

/** Each case in each mode. Uninstalls the release first. */
export async function testInjectionCases(t: Test): Promise<void> {
  const world = await createInjectionWorld(playground);

  t.teardown(() => world.close());

  const minor = await kubernetesMinor(cluster);
  const modes: readonly InjectionMode[] = minor >= POLICIES_SINCE ? ['webhook', 'policy'] : ['webhook'];

  /** The answers of the API server in the first mode, in order. */
  const answers: string[] = [];

  for (const mode of modes) {
    t.test(`before mode ${mode} is installed there is no injection`, () => world.uninstall());

    for (const group of INJECTION_GROUPS) {
      t.test(`mode ${mode}, ${group.name}: each pod has the expected pull secrets`, async (t) => {
        await world.install(mode, group);
        for (const each of group.cases.filter(({ since = 0 }) => since <= minor)) {
          const { result, answer } = await world.create(each);
          t.same(result, each.result, each.name);
          if (mode === 'webhook') answers.push(answer);
          else t.equal(answer, answers.shift(), `${each.name}: the same pod as in the mode webhook`);
        }
      });
    }

    t.test(`in the mode ${mode} pods of a Deployment and of a Job are injected, their templates are not`, async (t) => {
      const { spec } = podWith({});
      const labels = { app: mode };
      const { template } = (
        await api.create<{ spec: { template: Pod } }>(`/apis/apps/v1/namespaces/${LABELLED}/deployments`, {
          metadata: { name: mode },
          spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
        })
      ).spec;
      await api.create(`/apis/batch/v1/namespaces/${LABELLED}/jobs`, {
        metadata: { name: mode },
        spec: { template: { spec: podWith({ restartPolicy: 'Never' })['spec'] } },
      });
      t.same(secretsOf(template), []);
      for (const labelSelector of [`app=${mode}`, `job-name=${mode}`]) {
        const pod = await eventually(`a pod with ${labelSelector}`, async () => {
          const pods = await api.list<Pod>(`/api/v1/namespaces/${LABELLED}/pods`, {
            labelSelector,
          });
          assert.ok(pods[0]);
          return pods[0];
        });
        t.same(secretsOf(pod), [SECRET], labelSelector);
      }
    });

    t.test(`mode ${mode}: a dry run shows the injection and creates nothing`, async (t) => {
      const name = 'never-made';
      const pod = await api.createPod(LABELLED, podWith({}, { name }), { dryRun: 'All' });
      t.same(secretsOf(pod), [SECRET]);
      await t.rejects(api.get(`/api/v1/namespaces/${LABELLED}/pods/${name}`), { message: / 404 / });
    });
  }

  t.test('no condition and no expression failed for any of these pods', async (t) => {
    const conditions = 'apiserver_admission_match_condition_evaluation_errors_total';
    t.equal(await sumOfMetric(cluster, conditions), 0);
    t.same(await failedPolicyChecks(cluster), []);
  });
}
