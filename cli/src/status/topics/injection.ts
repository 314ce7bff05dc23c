import { isCallFailure } from '../../cluster/dry-run.ts';
import { foundIn } from '../../cluster/read.ts';
import { findingsWith } from '../../report/finding.ts';
import type { StatusFinding } from '../finding.ts';
import { commandsFor, modeOf, type ReleaseState } from '../release-state.ts';
import { certificateFindings } from './certificate.ts';

const { ok, problem, unknown, note } = findingsWith({ topic: 'injection' });

type Result = 'injected' | 'not-injected' | 'rejected' | 'unknown';

/** What the API server did with a new pod, as a dry run. */
export function injectionResultOf({ attempt, settings }: ReleaseState): Result {
  if (!attempt) return 'unknown';
  const names = foundIn(attempt.pullSecrets);
  if (names) return names.includes(settings.secretName) ? 'injected' : 'not-injected';
  const message = 'unread' in attempt.pullSecrets ? attempt.pullSecrets.unread : '';
  return isCallFailure(message) ? 'rejected' : 'unknown';
}

/** Whether the API server adds the secret to new pods, and what it counted. */
export function injectionFindings(state: ReleaseState): readonly StatusFinding[] {
  const mode = modeOf(state);
  if (mode === 'cronjob' || mode === 'none') {
    return [note('pods are not changed in this mode: they, or their ServiceAccounts, must name the secret')];
  }
  const { webhooks, webhook, release } = state;
  if (mode !== 'policy' && 'found' in webhooks && !webhook) {
    const message = `there is no webhook configuration ${release.name}, so no pod gets the secret`;
    return [problem(message, commandsFor(release).upgrade)];
  }
  return [attemptFinding(state), ...(mode === 'policy' ? [] : countFindings(state))];
}

function attemptFinding(state: ReleaseState): StatusFinding {
  const { attempt, settings, namespaces } = state;
  if (!attempt) {
    const isKnown = 'found' in namespaces;
    const why = isKnown ? 'no namespace has opted in' : 'the namespaces cannot be read';
    return (isKnown ? note : unknown)(`the injection was not tried, because ${why}`);
  }
  const where = `a new pod in ${attempt.namespace}`;
  const result = injectionResultOf(state);
  if (result === 'injected') return ok(`${where} gets the name of ${settings.secretName} (dry run)`);
  const words = 'unread' in attempt.pullSecrets ? attempt.pullSecrets.unread : 'the namespace is gone';
  if (result === 'unknown') return unknown(`whether ${where} is injected cannot be determined: ${words}`);
  const begin =
    result === 'rejected'
      ? `${where} is rejected (${words})`
      : `${where} does not get the name of ${settings.secretName}`;
  return causeOf(state, begin);
}

function causeOf(state: ReleaseState, begin: string): StatusFinding {
  const { release, webhook, unreachable } = state;
  const { logs, pods, scale, service } = commandsFor(release);
  const replicas = foundIn(release.workload)?.replicas;
  if (replicas?.wanted === 0) return problem(`${begin}: the Deployment has 0 replicas`, scale);
  if (replicas?.ready === 0) return problem(`${begin}: no replica is ready`, pods);
  const certificate = certificateFindings(state).find((finding) => finding.state === 'problem');
  if (certificate) return problem(`${begin}: ${certificate.message}`, logs);
  if (unreachable !== undefined) {
    const message = `${begin}: the API server does not reach the webhook: ${unreachable}`;
    if (!replicas || !unreachable.includes('no endpoints')) return problem(message, pods);
    const selector = 'the selector of the Service probably differs from the labels of the pods';
    return problem(`${message}, although ${replicas.ready} replicas are ready: ${selector}`, service);
  }
  const cause =
    'the API server does not reach the webhook, or does not trust its certificate, or a match condition excludes the pod';
  return problem(webhook ? `${begin}: ${cause}` : begin, logs);
}

function countFindings({ counts }: ReleaseState): readonly StatusFinding[] {
  if (!('found' in counts)) {
    const why = 'unread' in counts ? counts.unread : 'there is no such path';
    return [note(`the counts of the API server are not known: ${why}`)];
  }
  const { calls, failedOpen, rejected } = counts.found;
  const since = 'since one of the API servers started';
  if (failedOpen + rejected === 0) return [ok(`${calls} calls of the webhook ${since}, of which none failed`)];
  const created =
    failedOpen > 0
      ? [`${failedOpen} pods, dry runs included, were not changed, because the webhook could not be called`]
      : [];
  const refused = rejected > 0 ? [`${rejected} pods were rejected, because the webhook could not be called`] : [];
  return [note(`${[...created, ...refused].join(', and ')} ${since}`)];
}
