import { foundIn } from '../../cluster/read.ts';
import { findingsWith } from '../../report/finding.ts';
import { type StatusFinding } from '../finding.ts';
import type { AdmissionPolicy } from '../../cluster/objects.ts';
import { commandsFor, modeOf, type ReleaseState } from '../release-state.ts';

const { ok, problem, unknown, note } = findingsWith({ topic: 'fence' });

/** The ends of the names of the policies that the chart always renders in a mode (`chart/templates/fence-*.yaml`). */
function requiredPolicies(state: ReleaseState): readonly string[] {
  const mode = modeOf(state);
  return [
    'secrets',
    ...(mode === 'cronjob' ? [] : ['events']),
    ...(mode === 'webhook' || mode === 'both' ? ['webhook-configuration'] : []),
  ];
}

/** Whether the policies and bindings exist that limit the ServiceAccount of the release. */
export function fenceFindings(state: ReleaseState): readonly StatusFinding[] {
  const { settings, policies, release } = state;
  if (!settings.isFenced) {
    return [note('no admission policy limits the ServiceAccount (fence.enabled=false or rbac.namespaced=true)')];
  }
  const unread = [policies.policies, policies.bindings].flatMap((result) => ('unread' in result ? result.unread : []));
  if (unread.length > 0) return [unknown(`the policies cannot be read: ${unread.join('; ')}`)];
  const fence = (foundIn(policies.policies) ?? []).filter(isOfFence);
  const problems = [
    ...requiredPolicies(state)
      .filter((suffix) => !fence.some(({ metadata }) => metadata.name.endsWith(`-${suffix}`)))
      .map((suffix) => `there is no policy …-${suffix}`),
    ...fence.flatMap((policy) => policyProblem(state, policy) ?? []),
  ];
  if (problems.length === 0) return [ok(`${fence.length} admission policies limit the ServiceAccount`)];
  const message = `the ServiceAccount is not limited as it should be: ${problems.join('; ')}`;
  return [problem(message, commandsFor(release).upgrade)];
}

/** By the condition that all policies of the fence have (`chart/templates/_fence.tpl`). */
function isOfFence({ spec }: AdmissionPolicy): boolean {
  return spec?.matchConditions?.some(({ name }) => name === 'is-our-own-identity') ?? false;
}

function policyProblem(state: ReleaseState, policy: AdmissionPolicy): string | undefined {
  const { name } = policy.metadata;
  const ofPolicy = foundIn(state.policies.bindings)?.filter(({ spec }) => spec?.policyName === name) ?? [];
  if (ofPolicy.length === 0) return `the policy ${name} has no binding`;
  if (!ofPolicy.some(({ spec }) => spec?.validationActions?.includes('Deny'))) {
    return `the binding of the policy ${name} does not deny`;
  }
  if (policy.spec?.failurePolicy === 'Ignore') return `the policy ${name} has the failurePolicy Ignore`;
  return isAboutUs(state, policy) ? undefined : `the policy ${name} is about another ServiceAccount`;
}

/** A tool that renames namespaces does not change the text of the condition. */
function isAboutUs({ release }: ReleaseState, { spec }: AdmissionPolicy): boolean {
  const account = foundIn(release.workload)?.serviceAccountName;
  if (account === undefined) return true;
  const username = JSON.stringify(`system:serviceaccount:${release.namespace}:${account}`);
  return spec?.matchConditions?.some(({ expression }) => expression?.includes(username)) ?? false;
}
