import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { Read } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';

const API = '/apis/admissionregistration.k8s.io/v1';

/** A ValidatingAdmissionPolicy, the parts that decide whether it fences an identity. */
export interface Policy {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly failurePolicy?: string;
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  };
}

export interface PolicyBinding {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] };
}

/** The ValidatingAdmissionPolicies of a release. */
export interface Policies {
  readonly policies: Read<readonly Policy[]>;
  readonly bindings: Read<readonly PolicyBinding[]>;
}

export async function readPolicies(reader: Reader, labelSelector: string): Promise<Policies> {
  const list = <T>(resource: string): Promise<Read<readonly T[]>> =>
    reader.list<T>(`list ${resource}`, `${API}/${resource}`, { labelSelector });
  const [policies, bindings] = await Promise.all([
    list<Policy>('validatingadmissionpolicies'),
    list<PolicyBinding>('validatingadmissionpolicybindings'),
  ]);
  return { policies, bindings };
}

/** The MutatingAdmissionPolicies of a release; before Kubernetes 1.36 the API server has none. */
export function readMutatingPolicies(reader: Reader, labelSelector: string): Promise<Read<readonly Policy[]>> {
  return reader.list<Policy>('list mutatingadmissionpolicies', `${API}/mutatingadmissionpolicies`, { labelSelector });
}
