import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { foundIn } from '../../cluster/read.ts';
import { findingsWith } from '../../report/finding.ts';
import { isoOf, shorten, type StatusFinding, whenOf } from '../finding.ts';
import type { NamespaceOverview, NamespaceState, NamespaceWithState } from '../namespace-state.ts';
import { modeOf, type ReleaseState } from '../release-state.ts';

const { ok, problem, unknown, note } = findingsWith({ topic: 'namespaces' });

/** In the words of a person; `current` and `pending` are no problem. */
const WORDS: Readonly<Record<NamespaceState, string>> = {
  expired: 'the token in the secret has expired',
  missing: 'there is no secret',
  foreign: 'the secret belongs to somebody else',
  edited: 'something else has changed the secret',
  expiring: 'the renewal of the token is late',
  pending: 'the secret is not written yet',
  current: 'the secret is current',
};

/** Of the message of an Event. */
const LONGEST_REASON = 200;

/** How many namespaces have a good secret, and the worst ones by name. */
export function namespaceFindings(state: ReleaseState): readonly StatusFinding[] {
  const { namespaces } = state;
  if (!('found' in namespaces)) {
    const why = 'unread' in namespaces ? namespaces.unread : 'the API server has no such list';
    return [unknown(`the namespaces cannot be read: ${why}`)];
  }
  const overview = namespaces.found;
  const mistakes = overview.withoutEffect.total > 0 ? [mistakesOf(overview.withoutEffect)] : [];
  if (overview.total === 0) return [...mistakes, withoutTargets(state)];
  const { pending, current } = overview.states;
  const bad = overview.total - pending - current;
  return [
    ...(bad > 0 ? [problemOf(state, overview, bad)] : []),
    ...mistakes,
    ...(current + pending > 0 ? [goodOf(state, overview)] : []),
  ];
}

function withoutTargets(state: ReleaseState): StatusFinding {
  const { rule, selector } = state.settings;
  const byName = modeOf(state) === 'cronjob' || rule.target.entries.length > 0 ? ['targetNamespace names none'] : [];
  const byLabel = modeOf(state) === 'cronjob' ? [] : [`none has the label ${selector}`];
  const how = [...byLabel, ...byName].join(', and ');
  return note(`no namespace gets the secret: ${how}`);
}

/** Namespaces that somebody opted in, and that get nothing. */
function mistakesOf({ total, some }: NamespaceOverview['withoutEffect']): StatusFinding {
  const named = some.map(({ name, mistake }) =>
    mistake === 'excluded' ? `${name}: excludeNamespace excludes it` : `${name}: the label is probably misspelt`,
  );
  const more = total > some.length ? [`and ${total - some.length} more`] : [];
  const message = `the opt-in of ${total} ${total === 1 ? 'namespace' : 'namespaces'} has no effect: ${[...named, ...more].join('; ')}`;
  return problem(message, `${PROGRAM} explain ${some[0]?.name ?? ''}`);
}

function problemOf(state: ReleaseState, { total, worst }: NamespaceOverview, bad: number): StatusFinding {
  const named = worst.map((namespace) => describe(state, namespace));
  const more = bad > worst.length ? [`and ${bad - worst.length} more`] : [];
  const message = `${bad} of ${total} namespaces have no good secret: ${[...named, ...more].join('; ')}`;
  return problem(message, `${PROGRAM} explain ${worst[0]?.name ?? ''}`);
}

function describe({ reasons, nowMs }: ReleaseState, { name, state, expiresAtMs }: NamespaceWithState): string {
  const when = expiresAtMs === undefined || state === 'foreign' ? '' : `, ${whenOf(expiresAtMs, nowMs)}`;
  const { reason, message = '' } = reasons.get(name) ?? {};
  const event = reason === undefined ? '' : ` (${reason}: ${shorten(message, LONGEST_REASON)})`;
  return `${name}: ${WORDS[state]}${when}${event}`;
}

function goodOf({ nowMs }: ReleaseState, { total, states, firstExpiryMs }: NamespaceOverview): StatusFinding {
  const first = firstExpiryMs === undefined ? '' : `; the first token expires at ${whenOf(firstExpiryMs, nowMs)}`;
  const pending = states.pending === 0 ? '' : `, ${states.pending} ${states.pending === 1 ? 'is' : 'are'} new`;
  return ok(`${states.current} of ${total} namespaces have a current secret${pending}${first}`);
}

/** Which namespaces are named, for a program. */
export function worstOf({ namespaces, reasons }: ReleaseState) {
  return (foundIn(namespaces)?.worst ?? []).map(({ name, state, expiresAtMs }) => ({
    name,
    state,
    expiresAt: expiresAtMs === undefined ? undefined : isoOf(expiresAtMs),
    event: reasons.get(name)?.reason,
  }));
}
