import type { RenewerDependencies } from '../../dependencies.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import { createRepairLimiter } from '../queue/repair-limiter.ts';
import type { PullSecretMetadata } from '../cache/pull-secret-metadata.ts';
import type { Finding } from './read-foreign-keys.ts';

/** What becomes of secrets of our name that hold credentials of others. */
export const FOREIGN_SECRET_POLICIES = ['leave', 'take-over'] as const;

/** `leave` does not change them until they have the annotation; `take-over` replaces them like all others. */
export type ForeignSecretPolicy = (typeof FOREIGN_SECRET_POLICIES)[number];

/** Whose a secret of our name is; `unknown` where it must be read first. */
export type Ownership = 'ours' | 'foreign' | 'unknown';

/** What is known of secrets that were read: versions and a word for each, and only until they are ours. */
export interface ForeignSecrets {
  /**
   * A secret that is not there can only become ours. A document for other registries may replace other keys, so it is
   * compared with the secret anew.
   */
  ownershipOf(
    namespace: string,
    secret: PullSecretMetadata | undefined,
    document: DockerConfig | undefined,
  ): Ownership;
  /** How long the next look must wait: a secret that changes again and again is not read as often. */
  waitMs(namespace: string, document: DockerConfig): number;
  found(namespace: string, document: DockerConfig, finding: Finding): void;
  /** The secret is looked at again if anything is due in it, but no sooner than `waitMs` says. */
  forgetFinding(namespace: string): void;
  forget(namespace: string): void;
  /** Forgets how often a secret was read if it has not changed for a long time. */
  forgetCalm(): void;
}

interface Known {
  readonly version: string;
  /** Of the document that the secret was compared with. */
  readonly planHash: string;
  readonly isForeign: boolean;
}

export function createForeignSecrets({
  policy,
  clock,
  random,
}: Pick<RenewerDependencies, 'clock' | 'random'> & {
  readonly policy: ForeignSecretPolicy;
}): ForeignSecrets {
  const pace = createRepairLimiter({ clock, random });
  const known = new Map<string, Known>();

  return {
    ownershipOf: (namespace, secret, document) => {
      if (!secret || secret.isClaimed || policy === 'take-over') return 'ours';
      const finding = known.get(namespace);
      if (finding?.version !== secret.resourceVersion) return 'unknown';
      if (finding.planHash !== document?.planHash) return 'unknown';
      return finding.isForeign ? 'foreign' : 'ours';
    },
    waitMs: (namespace, document) => pace.waitMs(namespace, document),
    found: (namespace, document, { resourceVersion: version, foreignKeys }) => {
      pace.written(namespace, document);
      const { planHash } = document;
      known.set(namespace, { version, planHash, isForeign: foreignKeys.length > 0 });
    },
    forgetFinding: (namespace) => void known.delete(namespace),
    forget: (namespace) => {
      known.delete(namespace);
      pace.forget(namespace);
    },
    forgetCalm: () => void pace.forgetCalm(),
  };
}
