import {
  EXPIRES_AT_ANNOTATION,
  MANAGED_BY_LABEL,
  ORIGIN_ANNOTATION,
  PRODUCT_NAME,
  PLAN_HASH_ANNOTATION,
  RENEWED_AT_ANNOTATION,
} from '@ecr-pull-secrets/shared/names.ts';
import { apply } from '@ecr-pull-secrets/kube/apply.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { secretPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import type { PlannedWrite } from '../plan/plan-write.ts';
import { DOCKER_CONFIG_KEY, PULL_SECRET_FIELDS } from '../cache/pull-secret-metadata.ts';

export interface PullSecretTarget {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The secret's name. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * Writes the pull secret with one server-side apply: creates it, or changes it in place so that its
 * UID and all labels, annotations and data keys of others stay. The response holds metadata alone.
 *
 * @throws an ApiError: 409 if the secret changed since the plan was made, 422 if it is of another
 *   type or immutable, 403 if a quota or a webhook refuses it
 */
export async function applyPullSecret(
  { client, namespace, name, signal }: PullSecretTarget,
  dockerConfig: DockerConfig,
  write: PlannedWrite,
): Promise<ObjectMeta> {
  const { metadata } = await apply({
    client,
    path: secretPath(namespace, name),
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        namespace,
        resourceVersion: write.resourceVersion,
        labels: { [MANAGED_BY_LABEL]: PRODUCT_NAME },
        annotations: {
          [EXPIRES_AT_ANNOTATION]: new Date(dockerConfig.expiresAtMs).toISOString(),
          [RENEWED_AT_ANNOTATION]: new Date(dockerConfig.renewedAtMs).toISOString(),
          [PLAN_HASH_ANNOTATION]: dockerConfig.planHash,
          [ORIGIN_ANNOTATION]: write.origin,
        },
      },
      type: 'kubernetes.io/dockerconfigjson',
      data: { [DOCKER_CONFIG_KEY]: Buffer.from(dockerConfig.dockerConfigJson).toString('base64') },
    },
    metadataFields: PULL_SECRET_FIELDS,
    signal,
  });
  return metadata;
}

/**
 * Deletes a pull secret, if it is still the version that was observed.
 *
 * @throws an ApiError: 409 if it changed since, 404 if it is gone
 */
export async function deletePullSecret(
  { client, namespace, name, signal }: PullSecretTarget,
  { uid, resourceVersion }: { readonly uid: string; readonly resourceVersion: string },
): Promise<void> {
  await client.request({
    method: 'DELETE',
    path: secretPath(namespace, name),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
    signal,
  });
}
