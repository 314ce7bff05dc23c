import { createError, type ErrorCode } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { Notify } from '../kube/events.ts';

/** Something that the people of a namespace should know. */
export interface Report {
  /** One CamelCase word; a namespace has at most one report of a reason at a time. */
  readonly reason: 'PullSecretRefused' | 'RoleRefused';
  /** What happened and what to do; no credentials. */
  readonly message: string;
}

const CODES = {
  PullSecretRefused: 'ECRPS_PULL_SECRET_REFUSED',
  RoleRefused: 'ECRPS_ROLE_REFUSED',
} as const satisfies Record<Report['reason'], ErrorCode>;

/** Tells people of a namespace's trouble once, in the log and by an Event, until it is over. */
export interface NamespaceReports {
  report(namespace: string, report: Report): Promise<void>;
  /** The trouble is over: the next one is news again. */
  clear(namespace: string, reason: Report['reason']): void;
  /** The namespace is gone, and one of the same name would be another. */
  forget(namespace: string): void;
  /** How many namespaces have trouble of a reason. */
  count(reason: Report['reason']): number;
}

export function createNamespaceReports(options: {
  readonly secretName: string;
  readonly notify: Notify;
  readonly logger: Logger;
}): NamespaceReports {
  const { secretName, notify, logger } = options;
  const said = new Map<Report['reason'], Map<string, string>>([
    ['PullSecretRefused', new Map()],
    ['RoleRefused', new Map()],
  ]);
  return {
    report: async (namespace, { reason, message }) => {
      if (said.get(reason)?.get(namespace) === message) return;
      said.get(reason)?.set(namespace, message);
      const err = createError(CODES[reason], message);
      logger.error({ namespace, err }, 'trouble in one namespace; the others go on');
      const about = { apiVersion: 'v1', kind: 'Secret', name: secretName };
      await notify({ namespace, about, reason, message });
    },
    clear: (namespace, reason) => {
      said.get(reason)?.delete(namespace);
    },
    forget: (namespace) => {
      for (const namespaces of said.values()) namespaces.delete(namespace);
    },
    count: (reason) => said.get(reason)?.size ?? 0,
  };
}
