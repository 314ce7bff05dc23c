import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import type { PullSecretCache } from '../cache/cache.ts';
import type { OptInMistake } from '../cache/opt-in-mistake.ts';
import type { NamespaceProblems, Problem } from './namespace-problems.ts';

const REASONS = ['NamespaceExcluded', 'LabelMisspelt'] as const;

/** Whether the namespace was reported, and is to be reported again. */
export function hasOptInProblem(problems: NamespaceProblems, namespace: string): boolean {
  return REASONS.some((reason) => problems.has(namespace, reason));
}

/** Reports a namespace that somebody opted in without effect. */
export function checkOptIn(
  { cache, problems }: { readonly cache: PullSecretCache; readonly problems: NamespaceProblems },
  namespace: string,
): void {
  const mistake = cache.optInMistake(namespace);
  const problem = mistake && problemOf(mistake, namespace);
  for (const reason of REASONS) {
    if (problem?.reason !== reason) problems.resolve(namespace, reason);
  }
  if (problem) problems.report(namespace, problem);
}

function problemOf(mistake: OptInMistake, namespace: string): Problem {
  const effect = 'it gets no pull secret, and its pods are not changed';
  if (mistake.kind === 'excluded') {
    return {
      reason: 'NamespaceExcluded',
      message: `The namespace "${namespace}" has the label that opts in, but the chart value excludeNamespace excludes it: ${effect}. Ask the cluster's administrators to change that value, or remove the label.`,
    };
  }
  const { key, value } = mistake;
  const change = key === INJECT_LABEL ? '--overwrite' : `${key}-`;
  return {
    reason: 'LabelMisspelt',
    message: `The label ${key}=${value} of the namespace "${namespace}" has no effect: ${effect}. If they should be: "kubectl label namespace ${namespace} ${INJECT_LABEL}=enabled ${change}".`,
  };
}
