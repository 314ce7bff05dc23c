import { RENEWAL_POLICY } from '@ecr-pull-secrets/renewer/credentials/renewal-policy.ts';
import type { OptInMistake } from '@ecr-pull-secrets/renewer/pull-secrets/cache/opt-in-mistake.ts';
import type { PullSecretMetadata } from '@ecr-pull-secrets/renewer/pull-secrets/cache/pull-secret-metadata.ts';

/** The states of the pull secret of a namespace, as its metadata show them; the worst first. */
export const NAMESPACE_STATES = [
  /** Its token has expired. */
  'expired',
  /** There is no secret. */
  'missing',
  /** The secret belongs to somebody else. */
  'foreign',
  /** Something else changed what the renewer wrote. */
  'edited',
  /** The token is still valid, but its renewal is late. */
  'expiring',
  /** There is no secret, but the namespace is new. */
  'pending',
  /** The token is valid, and its renewal is not late. */
  'current',
] as const;

export type NamespaceState = (typeof NAMESPACE_STATES)[number];

/** What is kept of a namespace. */
export interface ListedNamespace {
  readonly name: string;
  readonly createdAtMs: number;
  /** Whether it gets the secret. */
  readonly isTarget: boolean;
  /** Whether the webhook is called for its pods. */
  readonly isInjected: boolean;
  /** Why its label has no effect. */
  readonly mistake: OptInMistake['kind'] | undefined;
}

/** What is kept of its secret. */
export interface ListedSecret
  extends Pick<PullSecretMetadata, 'isUntouched' | 'isOursByMetadata' | 'expiresAtMs' | 'renewedAtMs'> {
  readonly namespace: string;
}

export interface NamespaceWithState {
  readonly name: string;
  readonly state: NamespaceState;
  readonly expiresAtMs: number | undefined;
}

/** All namespaces that get the secret, in numbers, and some of them by name. */
export interface NamespaceOverview {
  readonly total: number;
  readonly states: Readonly<Record<NamespaceState, number>>;
  /** The worst ones, at most `MOST_NAMED`; none of them is `current` or `pending`. */
  readonly worst: readonly NamespaceWithState[];
  /** Those that somebody opted in without effect, and some of them. */
  readonly withoutEffect: {
    readonly total: number;
    readonly some: readonly Pick<ListedNamespace, 'name' | 'mistake'>[];
  };
  /** In which a pod can be tried: those with a good secret first. */
  readonly toTry: readonly string[];
  /** When the first of the tokens expires in the secrets that are still good. */
  readonly firstExpiryMs: number | undefined;
}

/** As many as a person reads, and as many further requests for the reasons. */
const MOST_NAMED = 5;

/** A policy of a namespace may refuse the pod, so another one is tried. */
const MOST_TRIED = 3;

/** The renewer writes a secret within a second or two. */
const NEW_MS = 30_000;

export function namespaceStateOf(
  { createdAtMs }: Pick<ListedNamespace, 'createdAtMs'>,
  secret: Omit<ListedSecret, 'namespace'> | undefined,
  nowMs: number,
): NamespaceState {
  if (!secret) return nowMs - createdAtMs < NEW_MS ? 'pending' : 'missing';
  const { expiresAtMs, renewedAtMs = 0, isOursByMetadata, isUntouched } = secret;
  if (!isOursByMetadata) return 'foreign';
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return 'expired';
  if (!isUntouched || expiresAtMs === undefined) return 'edited';
  return RENEWAL_POLICY.isExpiring(expiresAtMs, expiresAtMs - renewedAtMs, nowMs) ? 'expiring' : 'current';
}

/** Joins the namespaces with their secrets. */
export function overviewOf(
  namespaces: readonly ListedNamespace[],
  secrets: readonly ListedSecret[],
  nowMs: number,
): NamespaceOverview {
  const secretOf = new Map(secrets.map((secret) => [secret.namespace, secret]));
  const targets = namespaces.filter(({ isTarget }) => isTarget);
  const withState = targets.map((namespace) => {
    const secret = secretOf.get(namespace.name);
    const { name, isInjected } = namespace;
    return { name, isInjected, state: namespaceStateOf(namespace, secret, nowMs), secret };
  });
  const byBadness = withState.toSorted(
    (one, other) =>
      rankOf(one.state) - rankOf(other.state) ||
      (one.secret?.expiresAtMs ?? 0) - (other.secret?.expiresAtMs ?? 0) ||
      (one.name < other.name ? -1 : 1),
  );
  const bad = byBadness.filter(({ state }) => state !== 'current' && state !== 'pending');
  const mistaken = namespaces.filter(({ mistake }) => mistake !== undefined);
  const good = withState.filter(({ state }) => state === 'current' || state === 'expiring');
  return {
    total: targets.length,
    states: countStates(withState),
    worst: bad
      .slice(0, MOST_NAMED)
      .map(({ name, state, secret }) => ({ name, state, expiresAtMs: secret?.expiresAtMs })),
    withoutEffect: { total: mistaken.length, some: mistaken.slice(0, MOST_NAMED) },
    toTry: byBadness
      .toReversed()
      .filter(({ isInjected }) => isInjected)
      .slice(0, MOST_TRIED)
      .map(({ name }) => name),
    firstExpiryMs: leastOf(good.map(({ secret }) => secret?.expiresAtMs)),
  };
}

function rankOf(state: NamespaceState): number {
  return NAMESPACE_STATES.indexOf(state);
}

function countStates(namespaces: readonly { readonly state: NamespaceState }[]): Record<NamespaceState, number> {
  const counts = { expired: 0, missing: 0, foreign: 0, edited: 0, expiring: 0, pending: 0, current: 0 };
  for (const { state } of namespaces) counts[state]++;
  return counts;
}

/** `Math.min` of as many numbers as a cluster has namespaces. */
function leastOf(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce((least, value) => (least === undefined || (value ?? least) < least ? value : least), undefined);
}
