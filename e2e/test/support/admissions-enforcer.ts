import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { KubeApi } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { CONFIGURATION } from './ca.ts';

/** As public reports name it in conflicts, where it stands as the manager of an update, not of an apply. */
const FIELD_MANAGER = 'admissionsenforcer';

/** The annotation that makes it leave a configuration unchanged. */
export const LEFT_ALONE = 'admissions.enforcer/disabled';

/** What it adds to each webhook, as its users have shown. */
const ENFORCED = [
  { key: 'control-plane', operator: 'NotIn', values: ['true'] },
  { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
];

interface Selector {
  readonly matchExpressions?: readonly object[];
}

interface Configuration {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly webhooks: readonly { readonly namespaceSelector: Selector }[];
}

/** A selector after it. */
export function narrowed(selector: Selector): Selector {
  const matchExpressions = [...(selector.matchExpressions ?? []), ...ENFORCED];
  return { ...selector, matchExpressions };
}

/**
 * Does to our webhook configuration what the admissions enforcer of AKS does to each one.
 *
 * @returns whether it was changed
 */
export async function enforceAdmissions(client: KubeClient): Promise<boolean> {
  const found = await client.request<Configuration>({ method: 'GET', path: CONFIGURATION });
  if (found.metadata.annotations?.[LEFT_ALONE] === 'true') return false;
  const webhooks = found.webhooks.map(({ namespaceSelector, ...webhook }) => ({
    ...webhook,
    namespaceSelector: narrowed(namespaceSelector),
  }));
  await client.request({
    method: 'PUT',
    path: CONFIGURATION,
    query: { fieldManager: FIELD_MANAGER },
    body: { ...found, webhooks },
  });
  return true;
}

/** The namespaces for which the API server calls our webhook. */
export async function readNamespaceSelector(api: KubeApi): Promise<Selector> {
  const { webhooks } = await api.get<Configuration>(CONFIGURATION);
  return webhooks[0]?.namespaceSelector ?? {};
}
