import assert from 'node:assert/strict';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { parseAllDocuments } from 'yaml';

/** An object as a manifest has it, or as the API server keeps it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
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

/** Where an object of a manifest is. */
export async function pathOf(client: KubeClient, { apiVersion, kind, metadata }: KubeObject): Promise<string> {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await client.request<ResourceList>({ method: 'GET', path: group });
  const resource = resources.find(({ name, kind: is }) => is === kind && !name.includes('/'));
  assert.ok(resource, `the API server has no ${kind} of ${apiVersion}`);
  const { name, namespace } = metadata;
  // kubectl would take the namespace of the user's context, which is none of ours.
  assert.equal(namespace !== undefined, resource.namespaced, `namespace of ${kind} ${name}`);
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${group}${place}/${resource.name}/${name}`;
}
