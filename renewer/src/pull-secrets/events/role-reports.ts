import type { CredentialStore } from '../../credentials/credential-store.ts';
import type { PullSecretCache } from '../cache/cache.ts';
import type { NamespaceReports } from './namespace-reports.ts';
import { roleOf } from '../cache/namespace-roles.ts';
import { roleRefusalMessage, roleWithoutTokenMessage } from './event-messages.ts';

/** Tells a namespace that it does not get the role that it asks for, or that AWS gives nothing for it. */
export interface RoleReports {
  /** Something is new about a namespace. */
  notice(namespace: string): void;
  /** Compares the roles in use with the clock. */
  sweep(): void;
}

export function createRoleReports(options: {
  readonly inventory: PullSecretCache;
  readonly credentials: CredentialStore;
  readonly reports: NamespaceReports;
}): RoleReports {
  const { inventory, credentials, reports } = options;

  function notice(namespace: string): void {
    const target = inventory.target(namespace);
    if (target?.kind === 'refused') {
      const message = roleRefusalMessage(target.roleArn, namespace);
      reports.report(namespace, { reason: 'RoleRefused', message });
    } else {
      reports.clear(namespace, 'RoleRefused');
    }
    const role = roleOf(target);
    const ownTokens = role ? credentials.ownTokensOf(role) : 'available';
    if (!role || ownTokens === 'available') return reports.clear(namespace, 'RoleWithoutToken');
    if (ownTokens === 'pending') return;
    const message = roleWithoutTokenMessage(role.roleArn);
    reports.report(namespace, { reason: 'RoleWithoutToken', message });
  }

  return {
    notice,
    sweep: () => {
      for (const namespace of inventory.namespaces()) notice(namespace);
    },
  };
}
