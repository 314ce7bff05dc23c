import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';

/** The first write and three repairs: a person who edits or deletes a secret is answered at once. */
const FREE_WRITES = 4;

/** A tool that restores its own content on watch would be fought at full speed. */
const BACK_OFF: BackOff = { baseMs: 1_000, capMs: 300_000 };

/** Twice the longest wait, so that waiting is not taken for calm. */
const CALM_MS = 2 * BACK_OFF.capMs;

/** What tells documents apart: a newer token is another one, and a new reason to write. */
type What = Pick<DockerConfig, 'planHash' | 'renewedAtMs'>;

/**
 * Paces writes of the same document into the same namespace. It needs writing again only where somebody
 * else changed or deleted the secret meanwhile.
 */
export interface RepairLimiter {
  /** How long the next write of this document must wait. */
  waitMs(namespace: string, document: What): number;
  written(namespace: string, document: What): void;
  /** A write that was meant for this version of the secret did not come about. */
  missed(namespace: string, document: What, resourceVersion: string): void;
  forget(namespace: string): void;
  /** Forgets the namespaces in which nothing was written for long, and says which. */
  forgetCalm(): readonly string[];
}

interface Repairs extends What {
  readonly writes: number;
  readonly atMs: number;
  readonly nextAtMs: number;
  /** Which version the last write missed: the same one again is only another try. */
  readonly missedVersion: string | undefined;
}

export function createRepairLimiter(options: {
  readonly clock: Clock;
  readonly random: () => number;
}): RepairLimiter {
  const { clock, random } = options;
  const known = new Map<string, Repairs>();

  function repairsOf(namespace: string, document: What): Repairs | undefined {
    const repairs = known.get(namespace);
    if (!repairs || isCalm(repairs)) return undefined;
    const { planHash, renewedAtMs } = document;
    return repairs.planHash === planHash && repairs.renewedAtMs === renewedAtMs
      ? repairs
      : undefined;
  }

  /** A clock that was set back must not keep anything waiting. */
  function isCalm({ atMs }: Repairs): boolean {
    return Math.abs(clock.now() - atMs) >= CALM_MS;
  }

  function count(namespace: string, document: What, missedVersion?: string): void {
    const { planHash, renewedAtMs } = document;
    const writes = (repairsOf(namespace, document)?.writes ?? 0) + 1;
    const atMs = clock.now();
    const surplus = writes - FREE_WRITES;
    const nextAtMs = surplus < 0 ? atMs : atMs + backOffMs(surplus, BACK_OFF, random);
    known.set(namespace, { planHash, renewedAtMs, writes, atMs, nextAtMs, missedVersion });
  }

  return {
    waitMs: (namespace, document) => {
      const { nextAtMs = 0 } = repairsOf(namespace, document) ?? {};
      return Math.min(Math.max(nextAtMs - clock.now(), 0), BACK_OFF.capMs);
    },
    written: (namespace, document) => count(namespace, document),
    missed: (namespace, document, resourceVersion) => {
      const { missedVersion } = repairsOf(namespace, document) ?? {};
      if (missedVersion !== resourceVersion) count(namespace, document, resourceVersion);
    },
    forget: (namespace) => known.delete(namespace),
    forgetCalm: () => {
      const calm = [...known].filter(([, repairs]) => isCalm(repairs)).map(([name]) => name);
      for (const namespace of calm) known.delete(namespace);
      return calm;
    },
  };
}
