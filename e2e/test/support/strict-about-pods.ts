import assert from 'node:assert/strict';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { KubeApi } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const NAME = 'strict-about-pods';

/** What a cluster's owner requires of each pod. */
export interface PodRules {
  /** What each image begins with. */
  readonly registries: readonly string[];
  /** An annotation that each pod has, but for the product’s own. */
  readonly annotation: string;
}

/**
 * Has each new pod refused that has another image, no limit of CPU for a container, or no such annotation.
 *
 * @returns what ends it
 */
export async function startStrictAboutPods(
  api: KubeApi,
  { registries, annotation }: PodRules,
): Promise<() => Promise<void>> {
  await api.create(`${ADMISSION}/validatingadmissionpolicies`, {
    metadata: { name: NAME },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      validations: [
        {
          message: 'this registry is not allowed',
          expression: `object.spec.containers.all(one, ${JSON.stringify(registries)}.exists(registry, one.image.startsWith(registry)))`,
        },
        {
          message: 'limits of CPU are missing',
          expression: 'object.spec.containers.all(one, one.?resources.?limits.?cpu.hasValue())',
        },
        {
          message: `the annotation ${annotation} is missing`,
          expression: `request.namespace == ${JSON.stringify(PRODUCT_NAME)} || ${JSON.stringify(annotation)} in object.metadata.?annotations.orValue({})`,
        },
      ],
    },
  });
  await api.create(`${ADMISSION}/validatingadmissionpolicybindings`, {
    metadata: { name: NAME },
    spec: { policyName: NAME, validationActions: ['Deny'] },
  });
  const pod = { spec: { containers: [{ name: 'any', image: 'any' }] } };
  await eventually('it refuses', async () => {
    await assert.rejects(api.createPod('default', pod, { dryRun: 'All' }), /is not allowed/);
  });
  return async () => {
    await api.remove(`${ADMISSION}/validatingadmissionpolicybindings/${NAME}`);
    await api.remove(`${ADMISSION}/validatingadmissionpolicies/${NAME}`);
  };
}
