import { backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import { FREE_WRITES, REPAIR_BACK_OFF, REPAIRS_OVER_AFTER_MS } from './pacing.ts';

/** What identifies a docker config: one with a newer token is another, and a new reason to write. */
type ConfigIdentity = Pick<DockerConfig, 'planHash' | 'renewedAtMs'>;

/**
 * Limits writes of the same docker config to the same namespace. It has to be written again only if another writer
 * changed or deleted the secret meanwhile.
 */
export interface AttemptLimiter {
  /** How long the next write of this docker config must wait. */
  waitMs(namespace: string, config: ConfigIdentity): number;
  /** A write of this docker config succeeded. */
  written(namespace: string, config: ConfigIdentity): void;
  /** A write failed that was bound to this version of the secret. */
  missed(namespace: string, config: ConfigIdentity, resourceVersion: string): void;
  forget(namespace: string): void;
  /** Forgets the namespaces without a write for `REPAIRS_OVER_AFTER_MS`, and returns them. */
  pruneIdle(): readonly string[];
}

interface Repairs extends ConfigIdentity {
  readonly writes: number;
  readonly atMs: number;
  readonly nextAtMs: number;
  /** The version that the last write missed: the same one again is only another attempt. */
  readonly missedVersion: string | undefined;
}

export function createAttemptLimiter({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: () => number;
}): AttemptLimiter {
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
    waitMs: (namespace, config) => {
      const { nextAtMs = 0 } = repairsOf(namespace, config) ?? {};
      return Math.min(Math.max(nextAtMs - clock.now(), 0), REPAIR_BACK_OFF.capMs);
    },
    written: (namespace, config) => count(namespace, config),
    missed: (namespace, config, resourceVersion) => {
      const { missedVersion } = repairsOf(namespace, config) ?? {};
      if (missedVersion !== resourceVersion) count(namespace, config, resourceVersion);
    },
    forget: (namespace) => repairsByNamespace.delete(namespace),
    pruneIdle: () => {
      const quiet = [...repairsByNamespace].filter(([, repairs]) => isQuiet(repairs));
      for (const [namespace] of quiet) repairsByNamespace.delete(namespace);
      return quiet.map(([namespace]) => namespace);
    },
  };
}
