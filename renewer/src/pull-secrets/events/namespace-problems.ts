import { createHash } from 'node:crypto';
import { createError, type ErrorCode } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { REPEAT_EVENT_AFTER_MS } from '../queue/pacing.ts';
import type { EventQueue } from './event-queue.ts';

/** The kinds of problems: the reason of the Event, and the code in the log. */
const CODES = {
  PullSecretRefused: 'ECRPS_PULL_SECRET_REFUSED',
  PullSecretContested: 'ECRPS_PULL_SECRET_CONTESTED',
  PullSecretForeign: 'ECRPS_PULL_SECRET_FOREIGN',
  PullSecretSlow: 'ECRPS_PULL_SECRET_SLOW',
  RoleRefused: 'ECRPS_ROLE_REFUSED',
  RoleWithoutToken: 'ECRPS_ROLE_WITHOUT_TOKEN',
  LabelMisspelt: 'ECRPS_LABEL_MISSPELT',
  NamespaceExcluded: 'ECRPS_NAMESPACE_EXCLUDED',
} as const satisfies Readonly<Record<string, ErrorCode>>;

export type ProblemReason = keyof typeof CODES;

/** Something that the users of a namespace should see. */
export interface Problem {
  /** A namespace has at most one problem of a reason at a time. */
  readonly reason: ProblemReason;
  /** What happened and what to do; no credentials. */
  readonly message: string;
  /** A problem with another identity is reported again; the message if absent. */
  readonly identity?: string;
}

/**
 * A problem may change once or twice: a webhook refuses a secret after a quota did. A text that changes with each
 * attempt must not be reported each time.
 */
const MAX_REPORTS = 3;

export type NamespaceProblems = ReturnType<typeof createNamespaceProblems>;

interface Reported {
  /** The identities, as digests: texts would take more memory than all else. */
  readonly digests: readonly string[];
  readonly eventAtMs: number;
}

/**
 * Reports each problem of a namespace once in the log, and as an Event, until it is resolved. If it is reported again
 * when the API server is about to delete the Event, there is another Event.
 */
export function createNamespaceProblems(
  {
    events,
    clock,
    logger,
  }: {
    readonly events: Pick<EventQueue, 'add' | 'forget'>;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  { pullSecretName }: { readonly pullSecretName: string },
) {
  const reported = new Map<string, Map<string, Reported>>(Object.keys(CODES).map((reason) => [reason, new Map()]));

  return {
    /** The log has it at once; an Event follows. */
    report: (namespace: string, { reason, message, identity = message }: Problem): void => {
      const { digests = [], eventAtMs } = reported.get(reason)?.get(namespace) ?? {};
      const digest = digestOf(identity);
      const isNew = digests.length < MAX_REPORTS && !digests.includes(digest);
      // The absolute value: after a clock was set back, Events must not end.
      const isOld = eventAtMs !== undefined && Math.abs(clock.now() - eventAtMs) >= REPEAT_EVENT_AFTER_MS;
      if (!isNew && !isOld) return;
      const digestsNow = isNew ? [...digests, digest] : digests;
      reported.get(reason)?.set(namespace, { digests: digestsNow, eventAtMs: clock.now() });
      const err = createError(CODES[reason], message);
      if (isNew) logger.error({ namespace, err }, 'namespace problem; other namespaces are not affected');
      const involvedObject = { apiVersion: 'v1', kind: 'Secret', name: pullSecretName };
      events.add({ namespace, involvedObject, reason, message });
    },
    /** The problem is over: the next one is reported. */
    resolve: (namespace: string, reason: ProblemReason): void => {
      reported.get(reason)?.delete(namespace);
    },
    /** The namespace is gone, and one of the same name would be another. */
    forget: (namespace: string): void => {
      events.forget(namespace);
      for (const namespaces of reported.values()) namespaces.delete(namespace);
    },
    has: (namespace: string, reason: ProblemReason): boolean => reported.get(reason)?.has(namespace) ?? false,
    /** How many namespaces have a problem, by reason. */
    counts: () => [...reported].map(([reason, { size }]) => [reason, size] as const),
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 12);
}
