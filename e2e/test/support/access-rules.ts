import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface RulesReview {
  readonly status: { readonly resourceRules: readonly Rule[] };
}

/** What a client may do in a namespace, as `group/resource[name] verb,verb`. */
export async function rulesOf(client: KubeClient, namespace: string): Promise<readonly string[]> {
  const review = await client.request<RulesReview>({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    body: { spec: { namespace } },
  });
  return review.status.resourceRules.map(toText);
}

function toText({ apiGroups = [], resources = [], resourceNames = [], verbs }: Rule): string {
  const names = resourceNames.length > 0 ? `[${resourceNames.join(',')}]` : '';
  return `${apiGroups.join(',')}/${resources.join(',')}${names} ${verbs.toSorted().join(',')}`;
}
