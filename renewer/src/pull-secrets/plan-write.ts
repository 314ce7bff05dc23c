import type { PullDocument } from '../registry-tokens/pull-document.ts';
import type { Origin, PullSecretState } from './pull-secret-state.ts';

/** One server-side apply that is due. */
export interface PlannedWrite {
  /**
   * What the apply is bound to: the version that we know, so that it can never undo a newer write;
   * `"1"` where no secret is there, which makes apply create-only.
   */
  readonly resourceVersion: string;
  readonly origin: Origin;
  readonly reason: 'absent' | 'edited' | 'dying' | 'other-recipe' | 'older-token';
  /** Whether pods cannot pull, or soon cannot, until it is written; routine writes may take their time. */
  readonly isUrgent: boolean;
}

/** No object has this version, so an apply that names it only creates [tried on 1.36 and 1.37]. */
const CREATE_ONLY = '1';

/** A secret in the last part of its life is dying: tokens are renewed long before that. */
const DYING_SHARE = 0.15;

type What = Pick<PullDocument, 'expiresAtMs' | 'renewedAtMs' | 'recipe' | 'isComplete'>;

/**
 * Whether a namespace's secret needs a write, from its metadata and the document that is due to it.
 * A secret with newer tokens than ours, written by a later leader, is left alone. So is a secret in its
 * best years while our document lacks a registry that the secret may still have.
 */
export function planWrite(
  secret: PullSecretState | undefined,
  document: What,
  nowMs: number,
): PlannedWrite | undefined {
  if (!secret) {
    return { resourceVersion: CREATE_ONLY, origin: 'created', reason: 'absent', isUrgent: true };
  }
  const reason = reasonToReplace(secret, document, nowMs);
  if (!reason) return undefined;
  return {
    resourceVersion: secret.resourceVersion,
    // A secret that says nothing was there before us, or somebody took our word off it.
    origin: secret.origin ?? 'adopted',
    reason,
    isUrgent: reason === 'edited' || reason === 'dying',
  };
}

function reasonToReplace(
  secret: PullSecretState,
  document: What,
  nowMs: number,
): PlannedWrite['reason'] | undefined {
  if (!secret.isUntouched) return 'edited';
  const { expiresAtMs = 0, renewedAtMs = 0 } = secret;
  const isOtherRecipe = secret.recipe !== document.recipe;
  if (!isOtherRecipe && renewedAtMs >= document.renewedAtMs) return undefined;
  const isDying = nowMs >= expiresAtMs - (expiresAtMs - renewedAtMs) * DYING_SHARE;
  if (isDying) return 'dying';
  if (!document.isComplete) return undefined;
  return isOtherRecipe ? 'other-recipe' : 'older-token';
}
