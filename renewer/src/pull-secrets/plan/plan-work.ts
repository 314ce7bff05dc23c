import type { DockerConfig } from '../../credentials/docker-config.ts';
import { isRemovable, type OptOutPolicy } from './opt-out-policy.ts';
import { planWrite, type PlannedWrite } from './plan-write.ts';
import type { Ownership } from '../foreign/foreign-secrets.ts';
import type { PullSecretMetadata } from '../cache/pull-secret-metadata.ts';

/** What is to be done about one namespace's secret. */
export type PlannedWork =
  | {
      readonly kind: 'write';
      readonly isUrgent: boolean;
      readonly write: PlannedWrite;
      readonly document: DockerConfig;
    }
  /** Whose the secret is must be found out first. */
  | {
      readonly kind: 'examine';
      readonly isUrgent: boolean;
      readonly secret: PullSecretMetadata;
      readonly document: DockerConfig;
    }
  | { readonly kind: 'delete'; readonly isUrgent: false; readonly secret: PullSecretMetadata };

export interface NamespaceFacts {
  readonly isTarget: boolean;
  /** Whether the namespace is there and not being deleted. */
  readonly isAlive: boolean;
  readonly secret: PullSecretMetadata | undefined;
  readonly ownership: Ownership;
  /** The document that is due to it; `undefined` while there are no tokens. */
  readonly document: DockerConfig | undefined;
  /** What is due in its place if there have been no tokens for some time; see `CredentialStore`. */
  readonly emptyDocument: DockerConfig | undefined;
  readonly optOutPolicy: OptOutPolicy;
  readonly nowMs: number;
}

/** Decides about one namespace; `undefined` where all is as it should be, or nothing can be done. */
export function planWork(facts: NamespaceFacts): PlannedWork | undefined {
  const { isTarget, isAlive, secret, ownership, document, optOutPolicy, nowMs } = facts;
  if (!isAlive) return undefined;
  if (!isTarget) {
    const isDue = secret !== undefined && isRemovable(secret, optOutPolicy, nowMs);
    return isDue ? { kind: 'delete', isUrgent: false, secret } : undefined;
  }
  if (!document) return planRevocation(facts);
  if (ownership === 'foreign') return undefined;
  const write = planWrite(secret, document, nowMs);
  if (write && secret && ownership === 'unknown') {
    return { kind: 'examine', isUrgent: write.isUrgent, secret, document };
  }
  return write && { kind: 'write', isUrgent: write.isUrgent, write, document };
}

/** A role's credentials go even if there are none in their place. */
function planRevocation({ secret, emptyDocument, nowMs }: NamespaceFacts): PlannedWork | undefined {
  if (!emptyDocument) return undefined;
  const write = planWrite(secret, emptyDocument, nowMs);
  if (write?.reason !== 'revoked') return undefined;
  return { kind: 'write', isUrgent: write.isUrgent, write, document: emptyDocument };
}
