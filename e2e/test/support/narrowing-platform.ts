import assert from 'node:assert/strict';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { CONFIGURATION } from './ca.ts';
import { asDryRun, merge } from './fence/attack.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const NAME = 'narrowing-platform';

/** The namespace that the platform has new, and keeps to itself. */
const THEIRS = 'gke-managed-new';

/**
 * Plays a platform that adds its own namespaces to the `namespaceSelector` of each webhook configuration when that is
 * written, by any user, as GKE Autopilot does. One that has them already stays as it is.
 *
 * @returns what ends it
 */
export async function startNarrowingPlatform({
  api,
  client,
}: Pick<Playground, 'api' | 'client'>): Promise<() => Promise<void>> {
  const added = `{'key': dyn('kubernetes.io/metadata.name'), 'operator': dyn('NotIn'), 'values': dyn(['${THEIRS}'])}`;
  const path = '/webhooks/0/namespaceSelector/matchExpressions/-';
  await api.create(`${ADMISSION}/mutatingadmissionpolicies`, {
    metadata: { name: NAME },
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['admissionregistration.k8s.io'],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['mutatingwebhookconfigurations'],
          },
        ],
      },
      matchConditions: [
        {
          name: 'not-yet',
          expression: `!object.webhooks[0].namespaceSelector.matchExpressions.exists(one, '${THEIRS}' in one.?values.orValue([]))`,
        },
      ],
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: `[JSONPatch{op: 'add', path: '${path}', value: ${added}}]` },
        },
      ],
    },
  });
  await api.create(`${ADMISSION}/mutatingadmissionpolicybindings`, {
    metadata: { name: NAME },
    spec: { policyName: NAME },
  });
  await eventually('it is there', async () => {
    const written = await client.request(asDryRun(merge(CONFIGURATION, {})));
    assert.ok(JSON.stringify(written).includes(THEIRS));
  });
  return async () => {
    await api.remove(`${ADMISSION}/mutatingadmissionpolicybindings/${NAME}`);
    await api.remove(`${ADMISSION}/mutatingadmissionpolicies/${NAME}`);
  };
}
