import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { MetadataFields } from '@ecr-pull-secrets/kube/read-json.ts';
import { MIRROR_POD_ANNOTATION } from '@ecr-pull-secrets/server/admission/pod-decision.ts';
import { listOf, objectOf, SCALAR, scalarsOf } from '@ecr-pull-secrets/shared/json/select-json.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';

interface Container {
  readonly name?: string;
  readonly image?: string;
}

interface ContainerStatus {
  readonly name?: string;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
}

/** What is read of a pod; what the decision of the webhook reads (`review-fields.ts`) is part of it. */
export interface Pod {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly initContainers?: readonly Container[];
    readonly containers?: readonly Container[];
    readonly volumes?: readonly { readonly image?: { readonly reference?: string } }[];
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
  };
  readonly status?: {
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

const CONTAINERS = listOf(scalarsOf(['name', 'image']));
const STATUSES = listOf(objectOf({ name: SCALAR, state: objectOf({ waiting: scalarsOf(['reason', 'message']) }) }));

/** The label by which the Deployment of a ReplicaSet is found. */
const TEMPLATE_LABEL = 'pod-template-hash';

/** @param labelKeys - the labels that `podSelector` reads */
export function podMetadataFields(labelKeys: readonly string[]): MetadataFields {
  return {
    creationTimestamp: SCALAR,
    labels: scalarsOf([INJECT_LABEL, TEMPLATE_LABEL, ...labelKeys]),
    annotations: scalarsOf([MIRROR_POD_ANNOTATION]),
    ownerReferences: listOf(scalarsOf(['apiVersion', 'kind', 'name', 'uid', 'controller'])),
  };
}

export const POD_FIELDS: MetadataFields = {
  spec: objectOf({
    initContainers: CONTAINERS,
    containers: CONTAINERS,
    volumes: listOf(objectOf({ image: scalarsOf(['reference']) })),
    imagePullSecrets: listOf(scalarsOf(['name'])),
  }),
  status: objectOf({ initContainerStatuses: STATUSES, containerStatuses: STATUSES }),
};
