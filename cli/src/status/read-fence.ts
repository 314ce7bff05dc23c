import { MUTATING_POLICIES_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import type { AdmissionPolicy, AdmissionPolicyBinding } from '../cluster/objects.ts';
import type { Read } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';

const API = '/apis/admissionregistration.k8s.io/v1';

/** The ValidatingAdmissionPolicies of a release, and what binds them. */
export async function readPolicies(reader: Reader, labelSelector: string) {
  const list = <T>(resource: string): Promise<Read<readonly T[]>> =>
    reader.list<T>(`list ${resource}`, `${API}/${resource}`, { labelSelector });
  const [policies, bindings] = await Promise.all([
    list<AdmissionPolicy>('validatingadmissionpolicies'),
    list<AdmissionPolicyBinding>('validatingadmissionpolicybindings'),
  ]);
  return { policies, bindings };
}

/** The MutatingAdmissionPolicies of a release; before Kubernetes 1.36 the API server has none. */
export function readMutatingPolicies(reader: Reader, labelSelector: string): Promise<Read<readonly AdmissionPolicy[]>> {
  return reader.list('list mutatingadmissionpolicies', MUTATING_POLICIES_PATH, { labelSelector });
}
