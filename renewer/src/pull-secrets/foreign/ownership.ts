import type { DockerConfig } from '../../credentials/docker-config.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import type { PullSecretMetadata } from '../cache/pull-secret-metadata.ts';
import { createAttemptLimiter } from '../queue/attempt-limiter.ts';
import type { Finding } from './read-foreign-keys.ts';

/** What happens to secrets of our name that hold credentials of others. */
export const FOREIGN_SECRET_POLICIES = ['leave', 'take-over'] as const;

/** `leave` does not change them until they have the annotation; `take-over` replaces them like all others. */
export type ForeignSecretPolicy = (typeof FOREIGN_SECRET_POLICIES)[number];

/** Who owns a secret of our name; `unknown` if it must be read first. */
export type Ownership = 'ours' | 'foreign' | 'unknown';

interface RecordedFinding {
  readonly resourceVersion: string;
  /** Of the docker config with which the secret was compared. */
  readonly planHash: string;
  readonly isForeign: boolean;
}

export type OwnershipTracker = ReturnType<typeof createOwnershipTracker>;

/** The findings about secrets that were read: versions and a flag for each, and only until they are ours. */
export function createOwnershipTracker(
  dependencies: Pick<RenewerDependencies, 'clock' | 'random'>,
  { foreignSecretPolicy }: { readonly foreignSecretPolicy: ForeignSecretPolicy },
) {
  const readLimiter = createAttemptLimiter(dependencies);
  const findings = new Map<string, RecordedFinding>();

  return {
    /**
     * A secret that does not exist can only become ours. A docker config for other registries may replace other keys,
     * so the secret is read again for it.
     */
    ownershipOf: (
      namespace: string,
      secret: PullSecretMetadata | undefined,
      dockerConfig: DockerConfig | undefined,
    ): Ownership => {
      if (!secret || secret.isOursByMetadata || foreignSecretPolicy === 'take-over') return 'ours';
      const finding = findings.get(namespace);
      if (finding?.resourceVersion !== secret.resourceVersion) return 'unknown';
      if (finding.planHash !== dockerConfig?.planHash) return 'unknown';
      return finding.isForeign ? 'foreign' : 'ours';
    },
    /** How long the next read must wait: a secret that changes again and again is read ever more rarely. */
    waitMs: readLimiter.waitMs,
    record: (namespace: string, dockerConfig: DockerConfig, finding: Finding): void => {
      readLimiter.written(namespace, dockerConfig);
      const { resourceVersion, foreignKeys } = finding;
      const { planHash } = dockerConfig;
      findings.set(namespace, { resourceVersion, planHash, isForeign: foreignKeys.length > 0 });
    },
    /** The secret is read again if a write is due, but no sooner than after `waitMs`. */
    forgetFinding: (namespace: string) => findings.delete(namespace),
    forget: (namespace: string): void => {
      findings.delete(namespace);
      readLimiter.forget(namespace);
    },
    /** Forgets how often a secret was read if it has not changed for a long time. */
    pruneIdle: readLimiter.pruneIdle,
  };
}
