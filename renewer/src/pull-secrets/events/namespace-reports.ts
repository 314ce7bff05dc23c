import { createHash } from 'node:crypto';
import { createError, type ErrorCode } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { EventQueue } from './event-queue.ts';

/** One CamelCase word for each kind of trouble. */
export const REPORT_REASONS = [
  'PullSecretRefused',
  'PullSecretContested',
  'PullSecretForeign',
  'PullSecretSlow',
  'RoleRefused',
  'RoleWithoutToken',
] as const;

export type ReportReason = (typeof REPORT_REASONS)[number];

const CODES: Readonly<Record<ReportReason, ErrorCode>> = {
  PullSecretRefused: 'ECRPS_PULL_SECRET_REFUSED',
  PullSecretContested: 'ECRPS_PULL_SECRET_CONTESTED',
  PullSecretForeign: 'ECRPS_PULL_SECRET_FOREIGN',
  PullSecretSlow: 'ECRPS_PULL_SECRET_SLOW',
  RoleRefused: 'ECRPS_ROLE_REFUSED',
  RoleWithoutToken: 'ECRPS_ROLE_WITHOUT_TOKEN',
};

/** Something that the people of a namespace should know. */
export interface Report {
  /** A namespace has at most one trouble of a reason at a time. */
  readonly reason: ReportReason;
  /** What happened and what to do; no credentials. */
  readonly message: string;
  /** What tells a trouble from the one before; the message unless told. */
  readonly topic?: string;
}

/**
 * A trouble may change its words once or twice: a webhook refuses where a quota did. Words that change
 * with each attempt are no news.
 */
const MOST_TELLINGS = 3;

/** Tells people of a namespace's trouble once, in the log and by an Event, until it is over. */
export interface NamespaceReports {
  /** The log has it at once; an Event follows. */
  report(namespace: string, report: Report): void;
  /** The trouble is over: the next one is news again. */
  clear(namespace: string, reason: ReportReason): void;
  /** The namespace is gone, and one of the same name would be another. */
  forget(namespace: string): void;
  has(namespace: string, reason: ReportReason): boolean;
  /** How many namespaces have trouble of a reason. */
  count(reason: ReportReason): number;
}

export function createNamespaceReports(options: {
  readonly secretName: string;
  readonly events: EventQueue;
  readonly logger: Logger;
}): NamespaceReports {
  const { secretName, events, logger } = options;
  /** What was said of each namespace, as digests: texts would take more memory than all else. */
  const said: Record<ReportReason, Map<string, readonly string[]>> = {
    PullSecretRefused: new Map(),
    PullSecretContested: new Map(),
    PullSecretForeign: new Map(),
    PullSecretSlow: new Map(),
    RoleRefused: new Map(),
    RoleWithoutToken: new Map(),
  };

  return {
    report: (namespace, { reason, message, topic = message }) => {
      const before = said[reason].get(namespace) ?? [];
      const digest = digestOf(topic);
      if (before.length >= MOST_TELLINGS || before.includes(digest)) return;
      said[reason].set(namespace, [...before, digest]);
      const err = createError(CODES[reason], message);
      logger.error({ namespace, err }, 'trouble in one namespace; the others go on');
      const about = { apiVersion: 'v1', kind: 'Secret', name: secretName };
      events.add({ namespace, about, reason, message });
    },
    clear: (namespace, reason) => {
      said[reason].delete(namespace);
    },
    forget: (namespace) => {
      events.forget(namespace);
      for (const namespaces of Object.values(said)) namespaces.delete(namespace);
    },
    has: (namespace, reason) => said[reason].has(namespace),
    count: (reason) => said[reason].size,
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 12);
}
