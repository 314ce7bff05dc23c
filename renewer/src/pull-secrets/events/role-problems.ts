import type { CredentialStore } from '../../credentials/credential-store.ts';
import type { PullSecretCache } from '../cache/cache.ts';
import { roleNotAllowedMessage, roleWithoutTokenMessage } from './event-messages.ts';
import type { NamespaceProblems } from './namespace-problems.ts';

/** Reports if a namespace does not get the role that its annotation names, or if AWS returns no token for the role. */
export function checkRole(
  dependencies: {
    readonly cache: PullSecretCache;
    readonly credentials: CredentialStore;
    readonly problems: NamespaceProblems;
  },
  namespace: string,
): void {
  const { cache, credentials, problems } = dependencies;
  const target = cache.target(namespace);
  if (target?.kind === 'role-not-allowed') {
    const message = roleNotAllowedMessage(target.roleArn, namespace);
    problems.report(namespace, { reason: 'RoleRefused', message });
  } else {
    problems.resolve(namespace, 'RoleRefused');
  }
  const ownTokens = target?.kind === 'role' ? credentials.tokenStatusOf(target.role) : 'available';
  if (ownTokens === 'available') return problems.resolve(namespace, 'RoleWithoutToken');
  if (ownTokens === 'pending' || target?.kind !== 'role') return;
  const message = roleWithoutTokenMessage(target.role.roleArn);
  problems.report(namespace, { reason: 'RoleWithoutToken', message });
}
