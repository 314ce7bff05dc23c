import assert from 'node:assert/strict';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import {
  countPolicyChecks,
  kubernetesMinor,
  POLICIES_SINCE,
} from '@ecr-pull-secrets/testbed/testing/admission-policies.ts';
import { sumOfMetric } from '@ecr-pull-secrets/testbed/testing/api-server-metrics.ts';
import { CONFIGURATION } from '../support/ca.ts';
import { ECR_IMAGE, podWith } from '../support/injection-cases/case.ts';
import { secretsOf } from '../support/injection-world.ts';
import { LOADED_NAMESPACE, underLoad } from '../support/pod-load.ts';
import { pullSecretsOf, SECRET } from '../support/pull-secret.ts';
import { logOf, replicasOf } from '../support/renewers.ts';
import { playground } from './release.ts';

const OBJECTS = {
  configuration: CONFIGURATION,
  service: `/api/v1/namespaces/${PRODUCT_NAME}/services/${PRODUCT_NAME}`,
  policy: `/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/${PRODUCT_NAME}`,
};

const { api, cluster } = playground;

const { secretIn, loginWith } = pullSecretsOf(playground);

function install(mode: string): Promise<void> {
  return playground.install({ injection: { mode } });
}

async function injected(): Promise<void> {
  const pod = await api.createPod(LOADED_NAMESPACE, podWith({}), { dryRun: 'All' });
  assert.deepEqual(secretsOf(pod), [SECRET]);
}

function countWebhookCalls(): Promise<number> {
  return sumOfMetric(cluster, 'apiserver_admission_webhook_request_total', 'code="200"');
}

/** Waits until a count increases. */
async function grows(what: string, count: () => Promise<number>): Promise<void> {
  const before = await count();
  await eventually(what, async () => assert.ok((await count()) > before));
}

/** The objects that exist and depend on the mode. */
async function objectsPresent(): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.entries(OBJECTS).map(async ([name, path]) => ((await ifFound(api.get(path))) === undefined ? [] : [name])),
  );
  return found.flat();
}

async function containersOf(pod: string): Promise<readonly string[]> {
  const { spec } = await api.get<Pod>(`/api/v1/namespaces/${PRODUCT_NAME}/pods/${pod}`);
  return spec.containers.map(({ name }) => name);
}

/** The mode policy, and each change to it and from it. */
export async function testPolicyMode(t: Test): Promise<void> {
  await api.createNamespace(LOADED_NAMESPACE);
  const supported = (await kubernetesMinor(cluster)) >= POLICIES_SINCE;
  const onlyWithPolicies = { skip: supported ? false : 'Kubernetes is older than 1.36' };

  t.test(
    'mode policy is rejected if the API server has no policies',
    { skip: supported ? 'it has them' : false },
    async (t) => {
      await t.rejects(install('policy'), { message: /needs Kubernetes 1\.36 or newer/ });
    },
  );

  t.test('from the webhook to a policy no pod is missed', onlyWithPolicies, async (t) => {
    await install('webhook');
    await eventually('injection works', injected);
    const { asked, missedAtMs, refusals } = await underLoad(playground, async () => {
      await install('both');
      await grows('the policy counts', () => countPolicyChecks(cluster));
      await install('policy');
      await eventually('only renewers are left', async () => {
        for (const pod of await replicasOf(playground)) {
          assert.deepEqual(await containersOf(pod), ['renewer']);
        }
      });
    });
    t.same([missedAtMs, refusals], [[], []], `of ${asked} pods`);
  });

  t.test('in mode policy only the renewer runs, without errors', onlyWithPolicies, async (t) => {
    t.same(await objectsPresent(), ['policy']);
    const pods = await replicasOf(playground);
    t.equal(pods.length, 2);
    for (const pod of pods) {
      const log = await logOf(playground, pod);
      t.match(log, /"level":"info"/);
      t.notMatch(log, /"level":"(?:warn|error|fatal)"/);
    }
    await api.createNamespace('later');
    t.equal(await loginWith(await secretIn('later')), 200);
    await eventually('injection works', injected);
  });

  t.test('a pod of hundreds of images is within the CEL cost budget of a policy', onlyWithPolicies, async (t) => {
    const others = Array.from({ length: 499 }, (_, index) => ({
      name: `app-${index}`,
      image: `registry.example.com/${'a'.repeat(230)}:1`,
    }));
    const containers = [...others, { name: 'last', image: ECR_IMAGE }];
    const pod = await api.createPod(LOADED_NAMESPACE, podWith({ containers }), { dryRun: 'All' });
    t.same(secretsOf(pod), [SECRET]);
  });

  t.test('from a policy to the webhook no pod is missed', onlyWithPolicies, async (t) => {
    const { asked, missedAtMs, refusals } = await underLoad(playground, async () => {
      await install('both');
      await grows('the webhook is called', countWebhookCalls);
      await install('webhook');
      await eventually('the policy is gone', async () =>
        assert.equal(await ifFound(api.get(OBJECTS.policy)), undefined),
      );
      await grows('the webhook is called on', countWebhookCalls);
    });
    t.same([missedAtMs, refusals], [[], []], `of ${asked} pods`);
  });

  t.test('in mode none secrets are renewed and pods stay unchanged', async (t) => {
    await install('none');
    await eventually('no pod is injected', async () => {
      const pod = await api.createPod(LOADED_NAMESPACE, podWith({}), { dryRun: 'All' });
      assert.deepEqual(secretsOf(pod), []);
    });
    t.same(await objectsPresent(), []);
    await api.createNamespace('last');
    t.equal(await loginWith(await secretIn('last')), 200);
  });
}
