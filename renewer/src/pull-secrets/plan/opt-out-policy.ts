import type { PullSecretMetadata } from '../cache/pull-secret-metadata.ts';

/** What happens to the secret of a namespace that is no target any more. */
export const OPT_OUT_POLICIES = ['expire', 'delete', 'keep'] as const;

/** `expire` removes it once its token has expired, `delete` at once, `keep` never. */
export type OptOutPolicy = (typeof OPT_OUT_POLICIES)[number];

/**
 * Whether the secret of a namespace that is no target is to be removed: only if we created it and no other manager
 * changed it since. A label that was removed by mistake costs nothing before the token would have expired anyway.
 */
export function isRemovable(
  { origin, isUntouched, expiresAtMs }: PullSecretMetadata,
  policy: OptOutPolicy,
  nowMs: number,
): boolean {
  if (policy === 'keep' || origin !== 'created' || !isUntouched) return false;
  return policy === 'delete' || (expiresAtMs !== undefined && expiresAtMs <= nowMs);
}
