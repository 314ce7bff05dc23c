import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { slowNamespacesMessage } from '../../pull-secrets/events/event-messages.ts';
import { SLOW_WRITE_MS } from '../../pull-secrets/queue/pacing.ts';
import type { Outcome } from './renew-namespace.ts';

/**
 * After so many namespaces in a row that got no answer while no other got one either, the API server counts as away,
 * and the rest is left to the next run: to try thousands, each for a minute, would take hours.
 */
const HOPELESS_AFTER = 10;

/** An error names so many namespaces; each has a line of its own besides. */
const NAMES_LIMIT = 20;

/** Counts what became of the namespaces. */
export interface Tally {
  /** Aborts when there is no use in going on. */
  readonly hopeless: AbortSignal;
  /** A namespace's turn begins; the function returned is told how it ends. */
  begin(): (outcome: Outcome) => void;
  /** In the order in which they are printed. */
  add(namespace: string, outcome: Outcome): void;
  /** What there is to say about namespaces that were slow. */
  slowness(): string | undefined;
  /** @throws ECRPS_RUN_INCOMPLETE where a namespace was not written that could have been */
  check(): void;
}

export function createTally(): Tally {
  const hopeless = new AbortController();
  const failed: string[] = [];
  const slow: string[] = [];
  let answers = 0;
  let inVain = 0;
  let withoutTurn = 0;
  return {
    hopeless: hopeless.signal,
    begin: () => {
      const before = answers;
      return (outcome) => {
        if (outcome.kind === 'no-turn') return;
        if (outcome.kind !== 'failed' || !outcome.isUnreachable) answers++;
        inVain = answers === before ? inVain + 1 : 0;
        if (inVain >= HOPELESS_AFTER) hopeless.abort();
      };
    },
    add: (namespace, outcome) => {
      if (outcome.kind === 'no-turn') withoutTurn++;
      if (outcome.kind === 'failed') failed.push(namespace);
      if (outcome.kind === 'success' && outcome.tookMs >= SLOW_WRITE_MS) slow.push(namespace);
    },
    slowness: () =>
      slow.length > 0 ? slowNamespacesMessage(slow.length, listed(slow)) : undefined,
    check: () => {
      const problems: string[] = [];
      if (failed.length > 0) {
        problems.push(`writing the secret failed in ${failed.length}: ${listed(failed)}`);
      }
      if (withoutTurn > 0) {
        const cause = hopeless.signal.aborted ? 'the API server does not answer' : 'told to stop';
        problems.push(`${withoutTurn} had no turn: ${cause}`);
      }
      if (problems.length === 0) return;
      throw createError('ECRPS_RUN_INCOMPLETE', `not all namespaces: ${problems.join('; ')}`);
    },
  };
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_LIMIT;
  return names.slice(0, NAMES_LIMIT).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
