import { requestApi } from '../../src/local-cluster/api-request.ts';
import type { LocalCluster } from '../../src/local-cluster/cluster.ts';
import { sumOfMetric } from './api-server-metrics.ts';

/** Whether the API server has MutatingAdmissionPolicies: Kubernetes 1.36 or newer. */
export async function hasAdmissionPolicies(cluster: LocalCluster): Promise<boolean> {
  const access = { ...cluster, token: cluster.adminToken };
  const { body } = await requestApi(access, '/apis/admissionregistration.k8s.io/v1');
  return body.includes('"mutatingadmissionpolicies"');
}

const CHECKS = 'apiserver_mutating_admission_policy_check_total';

/** How many times a policy was evaluated. */
export function countPolicyChecks(cluster: LocalCluster): Promise<number> {
  return sumOfMetric(cluster, CHECKS);
}

/** How many times a policy's expression could not be evaluated, or its patch not applied. */
export async function countFailedPolicyChecks(cluster: LocalCluster): Promise<number> {
  const succeeded = await sumOfMetric(cluster, CHECKS, 'error_type="no_error"');
  return (await countPolicyChecks(cluster)) - succeeded;
}
