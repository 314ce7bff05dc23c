import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { CredentialStore } from '../../credentials/credential-store.ts';
import type { PullSecretCache } from '../cache/cache.ts';
import { roleOf } from '../cache/namespace-roles.ts';
import type { OwnershipTracker } from '../foreign/ownership.ts';
import type { OptOutPolicy } from './opt-out-policy.ts';
import { type Plan, planNamespace } from './plan-namespace.ts';

/** Plans the work in a namespace from what is in memory; `undefined` if there is nothing to do. */
export type Planner = (namespace: string) => Plan | undefined;

export function createPlanner(
  dependencies: {
    readonly cache: PullSecretCache;
    readonly credentials: CredentialStore;
    readonly foreign: OwnershipTracker;
    readonly clock: Clock;
  },
  { optOutPolicy }: { readonly optOutPolicy: OptOutPolicy },
): Planner {
  const { cache, credentials, foreign, clock } = dependencies;
  return (namespace) => {
    if (!cache.isComplete()) return undefined;
    const target = cache.target(namespace);
    const secret = cache.secret(namespace);
    const desired = target && credentials.credentialsFor(roleOf(target));
    const dockerConfig = desired?.kind === 'available' ? desired.dockerConfig : undefined;
    const state = {
      isTarget: target !== undefined,
      isAlive: cache.isAlive(namespace),
      secret,
      ownership: foreign.ownershipOf(namespace, secret, dockerConfig),
      dockerConfig,
      emptyDockerConfig: desired?.kind === 'unavailable' ? desired.emptyDockerConfig : undefined,
    };
    return planNamespace(state, optOutPolicy, clock.now());
  };
}
