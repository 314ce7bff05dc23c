import assert from 'node:assert/strict';
import { APPLY_PATCH, type KubeClient } from '@ecr-pull-secrets/renewer/kube/client.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/renewer/kube/objects.ts';
import { parseAllDocuments } from 'yaml';

/** An object as a manifest has it, or as the API server keeps it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta & { readonly generation?: number };
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** The objects of a manifest, in order. */
export function readManifest(text: string): readonly KubeObject[] {
  // kubectl reads YAML 1.1: 0440 is octal.
  return parseAllDocuments(text, { version: '1.1' }).map((document) => {
    assert.deepEqual([...document.errors, ...document.warnings], []);
    const object: KubeObject = document.toJS();
    return object;
  });
}

/**
 * What `kubectl apply --server-side` sends: each object in its turn, its path looked up as kubectl does.
 *
 * @throws an ApiError: 409 where somebody else owns a field
 */
export async function applyServerSide(
  client: KubeClient,
  objects: readonly KubeObject[],
): Promise<readonly KubeObject[]> {
  const applied: KubeObject[] = [];
  for (const body of objects) {
    applied.push(
      await client.request<KubeObject>({
        method: 'PATCH',
        path: await pathOf(client, body),
        query: { fieldManager: 'kubectl', fieldValidation: 'Strict' },
        contentType: APPLY_PATCH,
        body,
      }),
    );
  }
  return applied;
}

/** Makes an object anew, as the first `kubectl apply` without `--server-side` does. */
export async function recreateClientSide(client: KubeClient, body: KubeObject): Promise<void> {
  const path = await pathOf(client, body);
  await client.request({ method: 'DELETE', path });
  await client.request({
    method: 'POST',
    path: path.slice(0, path.lastIndexOf('/')),
    query: { fieldManager: 'kubectl-client-side-apply' },
    body,
  });
}

/** Where an object of a manifest is. */
export async function pathOf(
  client: KubeClient,
  { apiVersion, kind, metadata }: KubeObject,
): Promise<string> {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await client.request<ResourceList>({ method: 'GET', path: group });
  const resource = resources.find(({ name, kind: is }) => is === kind && !name.includes('/'));
  assert.ok(resource, `the API server knows no ${kind} of ${apiVersion}`);
  const { name, namespace } = metadata;
  // kubectl would take the namespace of the user's context, which is none of ours.
  assert.equal(namespace !== undefined, resource.namespaced, `namespace of ${kind} ${name}`);
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${group}${place}/${resource.name}/${name}`;
}
