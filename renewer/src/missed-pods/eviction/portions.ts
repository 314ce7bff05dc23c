import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { MissedPod } from '../missed-pod.ts';
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
 * Decides how many pods may be evicted. The next portion waits until the successors of the last one are known, so an
 * injection that does not work costs one pod, which could not run anyway, and not a loop.
 */
export function createPortions({ clock }: { readonly clock: Clock }) {
  const open = new Map<string, Evicted>();
  /** By namespace, until when its pods are not evicted. */
  const blocked = new Map<string, number>();
  let size = 1;
  let hasFailed = false;
  let pausedUntilMs = clock.now() + START_AFTER_MS;

  function block(namespace: string): void {
    blocked.set(namespace, clock.now() + BLOCKED_FOR_MS);
    hasFailed = true;
  }

  function endPortion(): void {
    size = hasFailed ? 1 : Math.min(size * 2, LARGEST_PORTION);
    if (hasFailed) pausedUntilMs = clock.now() + PAUSE_MS;
    hasFailed = false;
  }

  return {
    /** Those whose successors are to be looked for. */
    open: (): readonly Evicted[] => [...open.values()],
    settle: (evicted: Evicted, successor: Successor): void => {
      if (successor === 'absent' && clock.now() - evicted.atMs < SUCCESSOR_WITHIN_MS) return;
      if (successor !== 'injected') block(evicted.namespace);
      if (open.delete(evicted.controllerUid) && open.size === 0) endPortion();
    },
    /** The pods that may be evicted now, one of each controller. */
    next: (candidates: Iterable<MissedPod>): readonly MissedPod[] => {
      const nowMs = clock.now();
      for (const [namespace, untilMs] of blocked) if (untilMs <= nowMs) blocked.delete(namespace);
      if (open.size > 0 || pausedUntilMs > nowMs || blocked.size >= MOST_BLOCKED) return [];
      const portion = new Map<string, MissedPod>();
      for (const pod of candidates) {
        if (portion.size === size) break;
        const { controller, namespace } = pod;
        if (controller && !blocked.has(namespace)) portion.set(controller.uid, pod);
      }
      return [...portion.values()];
    },
    evicted: (evicted: Evicted): void => {
      open.set(evicted.controllerUid, evicted);
    },
    /** The API server refused the eviction. */
    refused: (namespace: string): void => {
      block(namespace);
      if (open.size === 0) endPortion();
    },
  };
}
