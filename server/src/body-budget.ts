import { MAX_BODY_BYTES } from './request-body.ts';

/**
 * Bodies up to this take nothing from the budget, so that large ones cannot get them refused. The
 * pods that people write stay far below it: their annotations, their longest part as a rule, may have
 * 256 KiB (apimachinery `api/validation/objectmeta.go`, `TotalAnnotationSizeLimitB`). And the 200
 * changes that an API server makes at once (`--max-mutating-requests-inflight`) stay below 100 MiB.
 */
const FREE_BODY_BYTES = 512 * 1024;

/**
 * For all larger bodies at once: two of the longest, 48 MiB.
 *
 * Bodies are parsed one after another, and a parse takes four times the length where a character
 * beyond Latin-1 makes the text two bytes a character: text and values, 96 MiB. With the 80 MiB of an
 * idle process and what is not collected yet, 8 or 32 of the longest at once peaked at 341 MiB in a
 * container of 384 MiB, which is the chart's limit [measured]; without a budget 8 ended it.
 */
const BODY_BUDGET_BYTES = 2 * MAX_BODY_BYTES;

/** What one body takes from the budget. */
export interface BodyShare {
  /**
   * Whether so many bytes of the body, all told, may be in memory; takes what that needs. Where not
   * enough is left, or the share was given back, nothing changes.
   */
  readonly covers: (bytes: number) => boolean;
  /** Gives all of it back, for good. */
  readonly release: () => void;
}

/** Opens a share, of nothing yet. */
export type BodyBudget = () => BodyShare;

/** Makes the budget that all bodies share which are in memory at the same time. */
export function createBodyBudget(budgetBytes: number = BODY_BUDGET_BYTES): BodyBudget {
  let freeBytes = budgetBytes;

  return () => {
    let takenBytes = 0;
    let isOpen = true;

    function covers(bytes: number): boolean {
      if (!isOpen) return false;
      if (bytes <= Math.max(takenBytes, FREE_BODY_BYTES)) return true;
      const missingBytes = bytes - takenBytes;
      if (missingBytes > freeBytes) return false;
      freeBytes -= missingBytes;
      takenBytes = bytes;
      return true;
    }

    function release(): void {
      freeBytes += takenBytes;
      takenBytes = 0;
      isOpen = false;
    }

    return { covers, release };
  };
}
