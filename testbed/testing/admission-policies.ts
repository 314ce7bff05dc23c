import assert from 'node:assert/strict';
import { requestApi } from '../src/local-cluster/api-request.ts';
import type { LocalCluster } from '../src/local-cluster/cluster.ts';
import { seriesOfMetric, sumOfMetric } from './api-server-metrics.ts';

/** Minor version of Kubernetes from which on there are MutatingAdmissionPolicies. */
export const POLICIES_SINCE = 36;

/** Minor version of a cluster's Kubernetes. */
export async function kubernetesMinor(cluster: LocalCluster): Promise<number> {
  const { body } = await requestApi({ ...cluster, token: cluster.adminToken }, '/version');
  // A build of one's own has no other.
  const { gitVersion }: { gitVersion: string } = JSON.parse(body);
  const [, minor] = /^v1\.(\d+)\./.exec(gitVersion) ?? [];
  assert.ok(minor, gitVersion);
  return Number(minor);
}

const CHECKS = 'apiserver_mutating_admission_policy_check_total';

/** How many times a policy was evaluated. */
export function countPolicyChecks(cluster: LocalCluster): Promise<number> {
  return sumOfMetric(cluster, CHECKS);
}

/** What is counted of evaluations that failed, or whose patch did not apply. */
export async function failedPolicyChecks(cluster: LocalCluster): Promise<readonly string[]> {
  const series = await seriesOfMetric(cluster, CHECKS);
  return series.filter((line) => !line.includes('error_type="no_error"'));
}

const VALIDATIONS = 'apiserver_validating_admission_policy_check_total';

/** All series of a ValidatingAdmissionPolicy's evaluations. */
export async function validationsOf(cluster: LocalCluster, policy: string): Promise<readonly string[]> {
  const series = await seriesOfMetric(cluster, VALIDATIONS);
  return series.filter((line) => line.includes(`policy="${policy}"`));
}

/** How many evaluations of a ValidatingAdmissionPolicy had this effect: `allow`, `warn`, `deny` or `audit`. */
export async function countValidations(cluster: LocalCluster, policy: string, action: string): Promise<number> {
  const series = (await validationsOf(cluster, policy)).filter((line) =>
    line.includes(`enforcement_action="${action}"`),
  );
  return series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
