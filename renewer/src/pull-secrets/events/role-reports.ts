import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { CredentialStore } from '../../credentials/credential-store.ts';
import type { PullSecretCache } from '../cache/cache.ts';
import type { NamespaceReports } from './namespace-reports.ts';
import { type NamespaceRole, roleOf } from '../cache/namespace-roles.ts';
import { roleRefusalMessage, roleWithoutTokenMessage } from './event-messages.ts';

/** A role that is new in use gets its token within seconds, or AWS refuses it. */
const PATIENCE_MS = 60_000;

/** Tells a namespace that it does not get the role that it asks for, or that AWS gives nothing for it. */
export interface RoleReports {
  /** Something is new about a namespace. */
  notice(namespace: string): void;
  /** Compares the roles in use with the clock. */
  sweep(): void;
}

export function createRoleReports(options: {
  readonly inventory: PullSecretCache;
  readonly documents: CredentialStore;
  readonly reports: NamespaceReports;
  readonly clock: Clock;
}): RoleReports {
  const { inventory, documents, reports, clock } = options;
  /** Since when roles in use have been without a token. */
  let lackingSinceMs = new Map<NamespaceRole, number>();

  function isHopeless(role: NamespaceRole): boolean {
    const sinceMs = lackingSinceMs.get(role);
    // A clock that was set back must not silence anything.
    return sinceMs !== undefined && Math.abs(clock.now() - sinceMs) >= PATIENCE_MS;
  }

  function notice(namespace: string): void {
    const target = inventory.target(namespace);
    if (target?.kind === 'refused') {
      const message = roleRefusalMessage(target.roleArn, namespace);
      reports.report(namespace, { reason: 'RoleRefused', message });
    } else {
      reports.clear(namespace, 'RoleRefused');
    }
    const role = roleOf(target);
    if (!role || !lackingSinceMs.has(role)) return reports.clear(namespace, 'RoleWithoutToken');
    if (!isHopeless(role)) return;
    const message = roleWithoutTokenMessage(role.roleArn);
    reports.report(namespace, { reason: 'RoleWithoutToken', message });
  }

  return {
    notice,
    sweep: () => {
      const lacking = [...inventory.roles()].filter((role) => documents.lacksTokenOf(role));
      lackingSinceMs = new Map(
        lacking.map((role) => [role, lackingSinceMs.get(role) ?? clock.now()]),
      );
      for (const namespace of inventory.namespaces()) notice(namespace);
    },
  };
}
