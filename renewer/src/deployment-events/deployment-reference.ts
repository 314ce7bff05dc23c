import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { EventContent } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import { deploymentPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';

/** Our Deployment, for Events. Without its UID, Events are in the list of Events, but not in `kubectl describe`. */
export type DeploymentReference = () => Promise<EventContent['involvedObject']>;

const TIMEOUT_MS = 5_000;

/**
 * Reads the UID of the Deployment, which has the name of the release's objects, before each Event: there are few, and a
 * Deployment that was deleted and created again has another UID.
 */
export function createDeploymentReference(
  { client }: { readonly client: KubeClient },
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): DeploymentReference {
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  const path = deploymentPath(namespace, name);
  return async () => {
    const request = { method: 'GET', path, accept: METADATA_ONLY, signal, timeoutMs: TIMEOUT_MS } as const;
    const found = await client.request<{ metadata?: ObjectMeta }>(request).catch(() => undefined);
    return { ...object, uid: found?.metadata?.uid };
  };
}
