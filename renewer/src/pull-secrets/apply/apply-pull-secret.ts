import {
  EXPIRES_AT_ANNOTATION,
  ORIGIN_ANNOTATION,
  PLAN_HASH_ANNOTATION,
  RENEWED_AT_ANNOTATION,
} from '@ecr-pull-secrets/shared/names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { applySecret, type SecretTarget } from '@ecr-pull-secrets/kube/secrets.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import type { PlannedWrite } from '../plan/plan-write.ts';
import { DOCKER_CONFIG_KEY, PULL_SECRET_FIELDS } from '../cache/pull-secret-metadata.ts';

/**
 * Writes the pull secret; see `applySecret`.
 *
 * @throws an ApiError
 */
export function applyPullSecret(
  target: SecretTarget,
  { expiresAtMs, renewedAtMs, planHash, dockerConfigJson }: DockerConfig,
  { resourceVersion, origin }: PlannedWrite,
): Promise<ObjectMeta> {
  const annotations = {
    [EXPIRES_AT_ANNOTATION]: new Date(expiresAtMs).toISOString(),
    [RENEWED_AT_ANNOTATION]: new Date(renewedAtMs).toISOString(),
    [PLAN_HASH_ANNOTATION]: planHash,
    [ORIGIN_ANNOTATION]: origin,
  };
  const data = { [DOCKER_CONFIG_KEY]: dockerConfigJson };
  const content = { resourceVersion, annotations, type: 'kubernetes.io/dockerconfigjson', data };
  return applySecret(target, content, PULL_SECRET_FIELDS);
}
