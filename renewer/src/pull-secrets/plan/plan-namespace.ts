import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { CredentialStore } from '../../credentials/credential-store.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import type { PullSecretCache } from '../cache/cache.ts';
import { roleOf } from '../cache/namespace-roles.ts';
import type { PullSecretMetadata } from '../cache/pull-secret-metadata.ts';
import type { Ownership, OwnershipTracker } from '../foreign/ownership.ts';
import { isRemovable, type OptOutPolicy } from './opt-out-policy.ts';
import { planWrite, type PlannedWrite } from './plan-write.ts';

/** What is to be done about one namespace's secret. */
export type Plan =
  | {
      readonly kind: 'write';
      readonly isUrgent: boolean;
      readonly write: PlannedWrite;
      readonly dockerConfig: DockerConfig;
    }
  /** The secret has to be read first, to find out whether it has credentials of others. */
  | {
      readonly kind: 'read-owner';
      readonly isUrgent: boolean;
      readonly secret: PullSecretMetadata;
      readonly dockerConfig: DockerConfig;
    }
  | { readonly kind: 'delete'; readonly isUrgent: false; readonly secret: PullSecretMetadata };

/** The observed state of a namespace, and what its desired state depends on. */
export interface NamespaceState {
  readonly isTarget: boolean;
  /** Whether the namespace exists and is not being deleted. */
  readonly isAlive: boolean;
  readonly secret: PullSecretMetadata | undefined;
  readonly ownership: Ownership;
  /** The credentials that it gets; `undefined` while there are no tokens. */
  readonly dockerConfig: DockerConfig | undefined;
  /** What replaces credentials of another role if there have been no tokens for some time; see `CredentialStore`. */
  readonly emptyDockerConfig: DockerConfig | undefined;
}

/** Plans the work in one namespace; `undefined` if the secret is as desired, or nothing can be done. */
export function planNamespace(state: NamespaceState, optOutPolicy: OptOutPolicy, nowMs: number): Plan | undefined {
  const { isTarget, isAlive, secret, ownership, dockerConfig } = state;
  if (!isAlive) return undefined;
  if (!isTarget) {
    const isDue = secret !== undefined && isRemovable(secret, optOutPolicy, nowMs);
    return isDue ? { kind: 'delete', isUrgent: false, secret } : undefined;
  }
  if (!dockerConfig) return planRevocation(state, nowMs);
  if (ownership === 'foreign') return undefined;
  const write = planWrite(secret, dockerConfig, nowMs);
  if (write && secret && ownership === 'unknown') {
    return { kind: 'read-owner', isUrgent: write.isUrgent, secret, dockerConfig };
  }
  return write && { kind: 'write', isUrgent: write.isUrgent, write, dockerConfig };
}

/** Credentials of a role that the namespace does not get any more are removed even without others in their place. */
function planRevocation({ secret, emptyDockerConfig }: NamespaceState, nowMs: number): Plan | undefined {
  if (!emptyDockerConfig) return undefined;
  const write = planWrite(secret, emptyDockerConfig, nowMs);
  if (write?.reason !== 'revoked') return undefined;
  return { kind: 'write', isUrgent: write.isUrgent, write, dockerConfig: emptyDockerConfig };
}

export type Planner = ReturnType<typeof createPlanner>;

/** Plans the work in a namespace from what is in memory; `undefined` if there is nothing to do. */
export function createPlanner(
  dependencies: {
    readonly cache: PullSecretCache;
    readonly credentials: CredentialStore;
    readonly foreign: OwnershipTracker;
    readonly clock: Clock;
  },
  { optOutPolicy }: { readonly optOutPolicy: OptOutPolicy },
) {
  const { cache, credentials, foreign, clock } = dependencies;
  return (namespace: string): Plan | undefined => {
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
