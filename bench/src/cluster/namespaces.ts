import { APPLY_PATCH, METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import { NAMESPACES_PATH, secretPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { DEFAULT_PULL_SECRET_NAME, INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import type { BenchCluster } from './bench-cluster.ts';
import type { World } from './contestants.ts';
import type { GoRequest } from './go-client.ts';

const CREATORS = 32;

/**
 * Creates namespaces whose label has the group as its value.
 *
 * @param first - the number in the name of the first one
 * @returns their names
 */
export async function createNamespaces(
  { bench, cluster: { adminToken: token }, send }: World,
  group: string,
  count: number,
  first = 0,
): Promise<readonly string[]> {
  bench.progress(`creating ${count.toLocaleString('en')} namespaces`);
  const names = Array.from({ length: count }, (_, index) => `${group}-${first + index}`);
  const body = JSON.stringify({ metadata: { name: '{{name}}', labels: { [INJECT_LABEL]: group } } });
  const request: GoRequest = {
    method: 'POST',
    path: NAMESPACES_PATH,
    contentType: 'application/json',
    accept: METADATA_ONLY,
    body,
  };
  await send({ token, concurrency: CREATORS, names, requests: [request] });
  return names;
}

/** The apply with which the renewer wrote a secret, for the client of the limit. */
export async function applyRequestLike(
  { client }: BenchCluster,
  namespace: string,
  { creates, serial }: { readonly creates: boolean; readonly serial?: string },
): Promise<GoRequest> {
  const path = secretPath(namespace, DEFAULT_PULL_SECRET_NAME);
  const { metadata, type, data } = await client.request<Secret>({ method: 'GET', path });
  const { name, labels, annotations } = metadata;
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: '{{name}}',
      labels,
      annotations: { ...annotations, ...(serial && { 'bench.example/serial': serial }) },
      // No object has this version: the apply can only create.
      ...(creates && { resourceVersion: '1' }),
    },
    type,
    data,
  };
  return {
    method: 'PATCH',
    path: `${secretPath('{{name}}', DEFAULT_PULL_SECRET_NAME)}?fieldManager=${PRODUCT_NAME}&force=true`,
    contentType: APPLY_PATCH,
    accept: METADATA_ONLY,
    body: JSON.stringify(body),
  };
}
