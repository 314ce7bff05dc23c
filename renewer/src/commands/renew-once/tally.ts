import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { slowNamespacesMessage } from '../../pull-secrets/events/event-messages.ts';
import { SLOW_WRITE_MS } from '../../pull-secrets/queue/pacing.ts';
import type { Outcome } from './renew-namespace.ts';

/**
 * After so many namespaces in a row without a response, while no other namespace got one either, the API server counts
 * as unavailable, and the rest is left to the next run: to try thousands, each for a minute, would take hours.
 */
const UNAVAILABLE_AFTER = 10;

/** An error names so many namespaces; each has a line of its own besides. */
const NAMES_LIMIT = 20;

/** Counts the outcomes of namespaces. */
export function createTally() {
  const unavailable = new AbortController();
  const failed: string[] = [];
  const slow: string[] = [];
  let responses = 0;
  let withoutResponse = 0;
  let skippedAtEnd = 0;
  return {
    /** Aborts if the API server is unavailable. */
    unavailable: unavailable.signal,
    /** Starts a namespace; the function returned takes its outcome. */
    begin: () => {
      const before = responses;
      return (outcome: Outcome): void => {
        if (outcome.kind === 'not-started') return;
        if (outcome.kind !== 'failed' || !outcome.isUnreachable) responses++;
        withoutResponse = responses === before ? withoutResponse + 1 : 0;
        if (withoutResponse >= UNAVAILABLE_AFTER) unavailable.abort();
      };
    },
    /** In the order in which they are printed. */
    add: (namespace: string, outcome: Outcome): void => {
      if (outcome.kind === 'not-started') skippedAtEnd++;
      if (outcome.kind === 'failed') failed.push(namespace);
      if (outcome.kind === 'success' && outcome.tookMs >= SLOW_WRITE_MS) slow.push(namespace);
    },
    /** A warning about namespaces that were slow. */
    slowness: () => (slow.length > 0 ? slowNamespacesMessage(slow.length, formatNames(slow)) : undefined),
    /** @throws ECRPS_RUN_INCOMPLETE if a namespace was not written that could have been */
    check: () => {
      const problems: string[] = [];
      if (failed.length > 0) {
        problems.push(`writing the secret failed in ${failed.length}: ${formatNames(failed)}`);
      }
      if (skippedAtEnd > 0) {
        const cause = unavailable.signal.aborted ? 'the API server does not answer' : 'the run was stopped';
        problems.push(`${skippedAtEnd} were not started: ${cause}`);
      }
      if (problems.length === 0) return;
      throw createError('ECRPS_RUN_INCOMPLETE', `not all namespaces: ${problems.join('; ')}`);
    },
  };
}

function formatNames(names: readonly string[]): string {
  const more = names.length - NAMES_LIMIT;
  return names.slice(0, NAMES_LIMIT).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
