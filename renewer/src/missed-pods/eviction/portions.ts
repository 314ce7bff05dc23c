import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Candidate, Candidates } from './candidates.ts';
import {
  BLOCKED_FOR_MS,
  LARGEST_PORTION,
  MOST_BLOCKED,
  PAUSE_MS,
  START_AFTER_MS,
  SUCCESSOR_WITHIN_MS,
} from './pacing.ts';

/** A pod that was evicted, and whose successor is not known yet. */
export interface Evicted {
  readonly namespace: string;
  readonly uid: string;
  readonly controllerUid: string;
  readonly atMs: number;
}

/** What became of an evicted pod: its successor names the secret, lacks it too, or is not there yet. */
export type Successor = 'injected' | 'missed' | 'absent';

/**
 * Decides how many pods may be evicted, and of which namespaces. The next portion waits until the successors of the last
 * one are known, so an injection that does not work costs one pod, which could not run anyway, and not a loop.
 */
export function createPortions({ clock }: { readonly clock: Clock }) {
  /** By namespace and controller: anyone who creates pods chooses the UID of their controller. */
  const open = new Map<string, Evicted>();
  /** By namespace, until when its pods are not evicted. */
  const blocked = new Map<string, number>();
  /** The namespaces that were blocked, and in which no successor named the secret since then; the oldest first. */
  const unproven = new Set<string>();
  /** The namespaces that had a turn, the oldest first. */
  const served = new Set<string>();
  let size = 1;
  let hasFailed = false;
  let pausedUntilMs = clock.now() + START_AFTER_MS;

  function block(namespace: string): void {
    blocked.set(namespace, clock.now() + BLOCKED_FOR_MS);
    moveToEnd(unproven, namespace);
    hasFailed = true;
  }

  function endPortion(): void {
    size = hasFailed ? 1 : Math.min(size * 2, LARGEST_PORTION);
    if (hasFailed) pausedUntilMs = clock.now() + PAUSE_MS;
    hasFailed = false;
  }

  /** Those in which evictions may help, the one first whose turn is the longest ago. An unproven one is tried alone. */
  function inTurn(candidates: Candidates): readonly string[] {
    const namespaces = [...candidates.keys()].filter((namespace) => !blocked.has(namespace));
    const turns = new Map([...served].map((namespace, index) => [namespace, index]));
    const ordered = namespaces.toSorted((one, other) => (turns.get(one) ?? -1) - (turns.get(other) ?? -1));
    const good = ordered.filter((namespace) => !unproven.has(namespace));
    return good.length > 0 ? good : ordered.slice(0, 1);
  }

  return {
    /** Those whose successors are to be looked for. */
    open: (): readonly Evicted[] => [...open.values()],
    settle: (evicted: Evicted, successor: Successor): void => {
      if (successor === 'absent' && clock.now() - evicted.atMs < SUCCESSOR_WITHIN_MS) return;
      if (successor === 'injected') unproven.delete(evicted.namespace);
      else block(evicted.namespace);
      if (open.delete(keyOf(evicted)) && open.size === 0) endPortion();
    },
    /** The pods that may be evicted now: one of each controller, and of the namespaces in turn. */
    next: (candidates: Candidates): readonly Candidate[] => {
      const nowMs = clock.now();
      for (const [namespace, untilMs] of blocked) if (untilMs <= nowMs) blocked.delete(namespace);
      if (open.size > 0 || pausedUntilMs > nowMs || blocked.size >= MOST_BLOCKED) return [];
      const namespaces = inTurn(candidates);
      const portion: Candidate[] = [];
      for (let round = 0; ; round += 1) {
        const pods = namespaces.flatMap((namespace) => candidates.get(namespace)?.[round] ?? []);
        portion.push(...pods.slice(0, size - portion.length));
        if (pods.length === 0 || portion.length === size) break;
      }
      for (const { namespace } of portion) moveToEnd(served, namespace);
      return portion;
    },
    evicted: (evicted: Evicted): void => {
      open.set(keyOf(evicted), evicted);
    },
    /** The API server refused the eviction. */
    refused: (namespace: string): void => {
      block(namespace);
      if (open.size === 0) endPortion();
    },
  };
}

function keyOf({ namespace, controllerUid }: Evicted): string {
  return `${namespace}/${controllerUid}`;
}

/** The oldest names are forgotten, so that the set does not grow. */
function moveToEnd(names: Set<string>, name: string): void {
  names.delete(name);
  names.add(name);
  for (const oldest of names) {
    if (names.size <= MOST_BLOCKED) break;
    names.delete(oldest);
  }
}
