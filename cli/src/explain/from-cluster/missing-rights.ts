import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';

/** Verbs on pods, and the subresource, that a test pod needs. */
const RIGHTS = [
  ['create', undefined],
  ['get', undefined],
  ['delete', undefined],
  ['get', 'log'],
] as const;

interface AccessReview {
  readonly status?: { readonly allowed?: boolean };
}

/**
 * The rights that a test pod needs and this person lacks, before anything is created: a pod that could not be read or
 * deleted would only be left behind. Everybody may review the own access (`system:basic-user`).
 */
export async function missingRights(client: KubeClient, namespace: string): Promise<readonly string[]> {
  const reviews = RIGHTS.map(async ([verb, subresource]) => {
    const attributes = { namespace, verb, resource: 'pods', ...(subresource ? { subresource } : {}) };
    const { status } = await client.request<AccessReview>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: attributes },
      },
    });
    return status?.allowed === false ? [`${verb} pods${subresource ? `/${subresource}` : ''}`] : [];
  });
  return (await Promise.all(reviews)).flat();
}
