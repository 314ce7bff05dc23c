import { INJECT_LABEL, ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import type { ActiveAlert } from '@ecr-pull-secrets/testbed/prometheus/prometheus.ts';
import type { Test } from 'tap';
import { CLOSED_REGISTRY } from '../support/explain.ts';
import { startKubectl } from '../support/kubectl.ts';
import { pathOf, SECRET } from '../support/pull-secret.ts';
import { DOWN_REGISTRY, type FailureWorld, UNTRUSTING_ROLE } from './world.ts';

type Waits = readonly (() => Promise<void>)[];

/** Failures that concern one namespace. */
export async function testNamespaceFailures(
  t: Test,
  { playground, made, createPod }: FailureWorld,
  alertsBefore: readonly ActiveAlert[],
): Promise<Waits> {
  const { api, cluster } = playground;
  const label = (namespace: string, value = 'enabled') =>
    api.merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { [INJECT_LABEL]: value } } });
  const unlabelled = (namespace: string) => api.createNamespace(namespace, { injected: false });
  return [
    await made(t, 'label-misspelt', async () => {
      await unlabelled('misspelt');
      await label('misspelt', 'Enabled');
      return { subject: 'misspelt' };
    }),
    await made(t, 'namespace-excluded', async () => {
      await api.createNamespace('left-out');
      return { subject: 'left-out' };
    }),
    await made(t, 'other-type', async () => {
      await unlabelled('typed');
      const secret = { metadata: { name: SECRET }, type: 'Opaque', stringData: { a: 'b' } };
      await api.create('/api/v1/namespaces/typed/secrets', secret);
      await label('typed');
      return { subject: 'typed' };
    }),
    await made(t, 'quota-full', async () => {
      await unlabelled('full');
      const quota = '/api/v1/namespaces/full/resourcequotas';
      await api.create(quota, { metadata: { name: 'none' }, spec: { hard: { secrets: '0' } } });
      await eventually('the quota is in force', async () => {
        const { status } = await api.get<{ status?: { hard?: object } }>(`${quota}/none`);
        if (!status?.hard) throw new Error('it has no status');
      });
      await label('full');
      return { subject: 'full' };
    }),
    await made(t, 'pod-older-than-label', async () => {
      await unlabelled('late');
      await createPod('late', `${REGISTRY}/app:1`, 'app');
      // The times of the API have no fractions.
      await delay(1_500);
      // By another manager than that which created the namespace, as a person does it.
      const kubectl = await startKubectl(cluster);
      await kubectl('label', 'namespace', 'late', `${INJECT_LABEL}=enabled`);
      await eventually('the secret', () => api.get<Secret>(pathOf('late')));
      return { subject: 'late/app', pod: 'app' };
    }),
    // The renewer reports a role only if it has had no token for a minute.
    await made(t, 'role-not-assumable', async () => ({ subject: 'with-role' }), alertsBefore),
  ];
}

/** A namespace whose role cannot be assumed. */
export async function createNamespaceWithRole({ playground: { api } }: FailureWorld): Promise<void> {
  await api.createNamespace('with-role', { injected: false });
  const annotations = { [ROLE_ARN_ANNOTATION]: UNTRUSTING_ROLE };
  await api.merge('/api/v1/namespaces/with-role', { metadata: { annotations, labels: { [INJECT_LABEL]: 'enabled' } } });
}

/** Failures of a pull, although the pod names the secret. */
export async function testPullFailures(
  t: Test,
  { made, createPod }: FailureWorld,
  alertsBefore: readonly ActiveAlert[],
): Promise<Waits> {
  const images = {
    'region-down': `${DOWN_REGISTRY}/app:1`,
    'registry-not-covered': `${REGISTRY.replace(/^\d+/, '999999999999')}/app:1`,
    'token-refused': `${CLOSED_REGISTRY}/app:1`,
    'no-such-image': `${REGISTRY}/app:2`,
    'right-missing': `${REGISTRY}/team/closed:1`,
  } as const;
  const pull = (name: keyof typeof images) =>
    made(
      t,
      name,
      async () => {
        await createPod('good', images[name], name);
        return { subject: `good/${name}`, pod: name };
      },
      alertsBefore,
    );
  return [
    await pull('region-down'),
    await pull('registry-not-covered'),
    await pull('token-refused'),
    await pull('no-such-image'),
    await pull('right-missing'),
  ];
}
