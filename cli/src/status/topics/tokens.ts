import { parseTokenSummaries } from '@ecr-pull-secrets/renewer/credentials/checkpoint/token-summary.ts';
import { RENEWAL_POLICY } from '@ecr-pull-secrets/renewer/credentials/renewal-policy.ts';
import { TOKENS_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { inOrder, newestWarning } from '../../cluster/events.ts';
import type { Event } from '../../cluster/objects.ts';
import { foundIn } from '../../cluster/read.ts';
import { findingsWith } from '../../report/finding.ts';
import { type StatusFinding, whenOf, shorten } from '../finding.ts';
import { registriesWithoutToken } from '../missing-tokens.ts';
import { commandsFor, modeOf, type ReleaseState } from '../release-state.ts';

const { ok, problem, unknown, note } = findingsWith({ topic: 'tokens' });

/** A token, without the token. */
type Token = NonNullable<ReturnType<typeof tokensOf>>[number];

/** A renewal takes seconds, and clocks differ. */
const LATE_MS = 300_000;

/** The tokens that the metadata of the checkpoint describe; `undefined` if they do not. */
export function tokensOf({ checkpoint, nowMs }: ReleaseState) {
  const annotation = foundIn(checkpoint)?.metadata.annotations?.[TOKENS_ANNOTATION];
  return parseTokenSummaries(annotation)?.map(({ registry, role, obtainedAt, expiresAt }) => {
    const dates = { obtainedAtMs: Date.parse(obtainedAt), expiresAtMs: Date.parse(expiresAt) };
    const renewsByMs = RENEWAL_POLICY.renewAtMs(dates, () => 0);
    return {
      registry,
      role,
      expiresAtMs: dates.expiresAtMs,
      /** It is renewed then, or up to a tenth of the time sooner. */
      renewsByMs,
      /** Whether its renewal was due, and has failed if the token is still in use. */
      isLate: nowMs > renewsByMs + LATE_MS,
    };
  });
}

/** Of the message of an Event. */
const LONGEST_REASON = 300;

/** More are only counted. */
const MOST_SHOWN = 10;

/**
 * What the Events about tokens are about, whether they report a problem or its end (renewer, `token-reports.ts`): the
 * login with a token, and the registries for which AWS gives none to the identity of the renewer. A role is left out:
 * no Event ends its problem if the role is not required any more.
 */
const LOGIN = /^The new token ("[^"]+")/;
const AWS = /^The renewer gets (?:no token|tokens) for (.+?) with its AWS identity/;

/** Whether the renewer has tokens, and renews them. */
export function tokenFindings(state: ReleaseState): readonly StatusFinding[] {
  const { checkpoint, release } = state;
  if (modeOf(state) === 'cronjob') return [];
  const command = commandsFor(release).logs;
  if ('unread' in checkpoint) return [unknown(`the tokens cannot be read: ${checkpoint.unread}`)];
  if ('missing' in checkpoint) {
    const message = `the renewer has no token: there is no Secret ${release.name}-tokens${reasonIn(state)}`;
    return [problem(message, command)];
  }
  const tokens = tokensOf(state);
  if (!tokens) return [ofOlderVersion(state)];
  const shown = tokens.toSorted((one, other) => one.expiresAtMs - other.expiresAtMs).slice(0, MOST_SHOWN);
  const more = tokens.length - shown.length;
  const missing = missingFindings(state, tokens, command);
  // What AWS answers is shown with the registries that have no token.
  const isMissing = missing.some((finding) => finding.state === 'problem');
  return [
    ...missing,
    ...refusalFindings(state, isMissing ? [LOGIN] : [LOGIN, AWS], command),
    ...shown.map((token) => tokenFinding(state, token, isRenewalMissed(state, tokens), command)),
    ...(more > 0 ? [note(`and ${more} more tokens, which expire later`)] : []),
  ];
}

/** The registries that have no token. */
function missingFindings(state: ReleaseState, tokens: readonly Token[], command: string): readonly StatusFinding[] {
  const { registries, settings } = state;
  if (!('found' in registries)) {
    const why = 'unread' in registries ? registries.unread : 'there is no ConfigMap';
    return [unknown(`the configured registries cannot be read: ${why}`)];
  }
  return registriesWithoutToken(registries.found, settings.region, tokens).map(({ registries: keys, reason }) =>
    problem(`${keys.join(', ')} ${reason}${reasonIn(state, keys)}`, command),
  );
}

/**
 * A registry that refuses a token, as the canary of the renewer found, or AWS that gives none, so that the tokens which
 * are shown as valid will not be renewed. API servers keep Events for an hour, but the renewer repeats those about AWS,
 * and a new leader tries all tokens, and reports those that are still refused. It has no record of what the
 * last one reported, so there may be no Event about the end. An Event has whole seconds.
 */
function refusalFindings(
  { events, lease, nowMs }: ReleaseState,
  subjects: readonly RegExp[],
  command: string,
): readonly StatusFinding[] {
  if ('unread' in events) {
    const message = `whether a registry refuses a token is not known, because Events cannot be read: ${events.unread}`;
    return [note(message)];
  }
  const leadsSinceMs = Date.parse(foundIn(lease.lease)?.spec?.acquireTime ?? '');
  const newest = new Map<string, Event>();
  for (const event of inOrder(foundIn(events) ?? [])) {
    if (Date.parse(event.lastTimestamp ?? '') + 1_000 <= leadsSinceMs) continue;
    const subject = subjects.map((pattern) => pattern.exec(event.message ?? '')?.[1]).find((found) => found);
    if (subject !== undefined) newest.set(subject, event);
  }
  return [...newest.values()]
    .filter(({ type }) => type === 'Warning')
    .map(({ lastTimestamp = '', message = '' }) =>
      problem(`at ${whenOf(Date.parse(lastTimestamp), nowMs)}: ${message.slice(0, LONGEST_REASON)}`, command),
    );
}

/** The newest Event about the Deployment, if it is a warning: about one of these registries, or any. */
function reasonIn({ events }: ReleaseState, registries?: readonly string[]): string {
  const newest = newestWarning(
    events,
    (message) => !registries || registries.some((registry) => message.includes(registry)),
  );
  return newest ? ` (${newest.reason}: ${shorten(newest.message ?? '', LONGEST_REASON)})` : '';
}

/**
 * A token that no namespace uses any more is not renewed, and stays in the checkpoint for some hours. So a late one is
 * a problem if secrets are late too, or if no token is renewed.
 */
function isRenewalMissed({ namespaces }: ReleaseState, tokens: readonly Token[]): boolean {
  const { expired = 0, expiring = 0 } = foundIn(namespaces)?.states ?? {};
  return expired + expiring > 0 || tokens.every(({ isLate }) => isLate);
}

function tokenFinding({ nowMs }: ReleaseState, token: Token, isMissed: boolean, command: string): StatusFinding {
  const { registry, role, expiresAtMs, renewsByMs, isLate } = token;
  const subject = `the token for ${registry}${role === undefined ? '' : ` of the role ${role}`}`;
  const expiry = `${expiresAtMs <= nowMs ? 'expired at' : 'expires at'} ${whenOf(expiresAtMs, nowMs)}`;
  if (!isLate) return ok(`${subject} ${expiry} and is renewed by ${whenOf(renewsByMs, nowMs)}`);
  const message = `${subject} ${expiry}, and its renewal was due at ${whenOf(renewsByMs, nowMs)}`;
  return isMissed ? problem(message, command) : note(`${message}: no namespace uses it any more, or AWS refuses it`);
}

/** A checkpoint without the annotation. */
function ofOlderVersion({ namespaces, nowMs }: ReleaseState): StatusFinding {
  const expiryMs = foundIn(namespaces)?.firstExpiryMs;
  const first = expiryMs === undefined ? '' : `; the first token in a secret expires at ${whenOf(expiryMs, nowMs)}`;
  return note(`an older version obtained the tokens, so they are shown only after their next renewal${first}`);
}
