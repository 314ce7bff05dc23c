import { backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { ReconcileLoopDependencies } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import { FREE_WRITES, REPAIR_BACK_OFF, REPAIRS_OVER_AFTER_MS } from './pacing.ts';

/** What identifies a docker config: one with a newer token is another, and a new reason to write. */
type ConfigIdentity = Pick<DockerConfig, 'planHash' | 'renewedAtMs'>;

interface Repairs extends ConfigIdentity {
  readonly writes: number;
  readonly atMs: number;
  readonly nextAtMs: number;
  /** The version that the last write missed: the same one again is only another attempt. */
  readonly missedVersion: string | undefined;
}

export type AttemptLimiter = ReturnType<typeof createAttemptLimiter>;

/**
 * Limits writes of the same docker config to the same namespace. It has to be written again only if another writer
 * changed or deleted the secret meanwhile.
 */
export function createAttemptLimiter({ clock, random }: Pick<ReconcileLoopDependencies, 'clock' | 'random'>) {
  const repairsByNamespace = new Map<string, Repairs>();

  function repairsOf(namespace: string, config: ConfigIdentity): Repairs | undefined {
    const repairs = repairsByNamespace.get(namespace);
    if (!repairs || isQuiet(repairs)) return undefined;
    const { planHash, renewedAtMs } = config;
    const isSame = repairs.planHash === planHash && repairs.renewedAtMs === renewedAtMs;
    return isSame ? repairs : undefined;
  }

  /** The absolute value: a clock that was set back must not delay a write. */
  function isQuiet({ atMs }: Repairs): boolean {
    return Math.abs(clock.now() - atMs) >= REPAIRS_OVER_AFTER_MS;
  }

  function count(namespace: string, config: ConfigIdentity, missedVersion?: string): void {
    const { planHash, renewedAtMs } = config;
    const writes = (repairsOf(namespace, config)?.writes ?? 0) + 1;
    const atMs = clock.now();
    const surplus = writes - FREE_WRITES;
    const nextAtMs = surplus < 0 ? atMs : atMs + backOffMs(surplus, REPAIR_BACK_OFF, random);
    const repairs = { planHash, renewedAtMs, writes, atMs, nextAtMs, missedVersion };
    repairsByNamespace.set(namespace, repairs);
  }

  return {
    /** How long the next write of this docker config must wait. */
    waitMs: (namespace: string, config: ConfigIdentity): number => {
      const { nextAtMs = 0 } = repairsOf(namespace, config) ?? {};
      return Math.min(Math.max(nextAtMs - clock.now(), 0), REPAIR_BACK_OFF.capMs);
    },
    /** A write of this docker config succeeded. */
    written: (namespace: string, config: ConfigIdentity): void => count(namespace, config),
    /** A write failed that was bound to this version of the secret. */
    missed: (namespace: string, config: ConfigIdentity, resourceVersion: string): void => {
      const { missedVersion } = repairsOf(namespace, config) ?? {};
      if (missedVersion !== resourceVersion) count(namespace, config, resourceVersion);
    },
    forget: (namespace: string) => repairsByNamespace.delete(namespace),
    /** Forgets the namespaces without a write for `REPAIRS_OVER_AFTER_MS`, and returns them. */
    pruneIdle: (): readonly string[] => {
      const quiet = [...repairsByNamespace].filter(([, repairs]) => isQuiet(repairs));
      for (const [namespace] of quiet) repairsByNamespace.delete(namespace);
      return quiet.map(([namespace]) => namespace);
    },
  };
}
