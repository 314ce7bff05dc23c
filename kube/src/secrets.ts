import { MANAGED_BY_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { apply } from './apply.ts';
import type { KubeClient } from './client.ts';
import { secretPath } from './object-names.ts';
import type { ObjectMeta } from './objects.ts';
import type { MetadataFields } from './read-json.ts';

/** A Secret to read or to write. */
export interface SecretTarget {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** What a Secret of ours is to hold. */
export interface SecretContent {
  /** Of the Secret to replace, or `CREATE_ONLY`. */
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** `Opaque` if absent. */
  readonly type?: string;
  /** The texts by their keys. */
  readonly data: Readonly<Record<string, string>>;
}

/**
 * Writes a Secret with one server-side apply: creates it, or changes it in place so that its UID and all labels,
 * annotations and data keys of others stay. It is bound to a version, so that of two writers one fails.
 *
 * @param metadataFields - what is read of the response, which holds metadata alone
 * @throws an ApiError: 409 if the Secret has another version, 422 if it is of another type or immutable, 403 if a
 *   quota or a webhook refuses it
 */
export async function applySecret(
  { client, namespace, name, signal }: SecretTarget,
  { resourceVersion, annotations, type, data }: SecretContent,
  metadataFields: MetadataFields = {},
): Promise<ObjectMeta> {
  const labels = { [MANAGED_BY_LABEL]: PRODUCT_NAME };
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, resourceVersion, labels, annotations },
    type,
    data: Object.fromEntries(encoded),
  };
  const { metadata } = await apply({ client, path: secretPath(namespace, name), body, metadataFields, signal });
  return metadata;
}

/**
 * Deletes a Secret, if it still is the version that was observed.
 *
 * @throws an ApiError: 409 if it changed since, 404 if it is gone
 */
export async function deleteSecret(
  { client, namespace, name, signal }: SecretTarget,
  { uid, resourceVersion }: { readonly uid?: string; readonly resourceVersion: string },
): Promise<void> {
  await client.request({
    method: 'DELETE',
    path: secretPath(namespace, name),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
    signal,
  });
}
