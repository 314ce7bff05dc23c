import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import { secretPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { metadataSelection } from '@ecr-pull-secrets/kube/read-json.ts';
import type { SecretTarget } from '@ecr-pull-secrets/kube/secrets.ts';
import { PULL_SECRET_FIELDS, type PullSecretMetadata, readPullSecretMetadata } from '../cache/pull-secret-metadata.ts';

/**
 * Reads the metadata of a pull secret, and no data; `undefined` if there is none.
 *
 * @throws as the client
 */
export async function readPullSecret({
  client,
  namespace,
  name,
  signal,
}: Omit<SecretTarget, 'signal'> & Partial<SecretTarget>): Promise<PullSecretMetadata | undefined> {
  const path = secretPath(namespace, name);
  const select = metadataSelection(PULL_SECRET_FIELDS);
  const request = { method: 'GET', path, accept: METADATA_ONLY, select, signal } as const;
  const secret = await ifFound(client.request<PartialObjectMetadata>(request));
  return secret && readPullSecretMetadata(secret.metadata);
}
