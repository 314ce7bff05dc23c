import { createCertificateAuthority } from '@ecr-pull-secrets/certs-scripts/issue/certificate-authority.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { applyCaSecret } from './ca-secret.ts';
import type { CaReconcilerOptions } from './ca-reconciler.ts';

/** Longer than a fail-over takes (15 s and a look): a leader that makes authorities would have made one. */
const PATIENCE_MS = 20_000;

/**
 * Every replica's part, once: makes the first authority where no leader does. After a change of `tls.mode`
 * the leader may be a replica of the old mode, which keeps its lease until this replica is ready, which
 * it is not without a certificate.
 *
 * An authority that was there and is lost is the leader's matter, who knows what is trusted.
 */
export async function createFirstCa(
  options: Omit<CaReconcilerOptions, 'published' | 'podName'>,
): Promise<void> {
  const { state, clock, times, name: secret, logger, signal } = options;
  const startedAtMs = clock.now();
  for (let known = state.get(); known.kind !== 'present'; known = state.get()) {
    const leftMs = startedAtMs + PATIENCE_MS - clock.now();
    if (signal.aborted) return;
    if (known.kind === 'absent' && leftMs <= 0) break;
    await state.changedFrom(known, { clock, withinMs: Math.max(leftMs, 1_000), signal });
  }
  if (state.get().kind === 'present') return;
  const nowMs = clock.now();
  const { caLifetimeMs: lifetimeMs } = times;
  try {
    const now = new Date(nowMs);
    const made = await createCertificateAuthority({ commonName: PRODUCT_NAME, now, lifetimeMs });
    const record = { signing: made, trustedPem: made.certificatePem, signingSinceMs: nowMs };
    // Only creates: of several replicas, and a leader, one is the first.
    await applyCaSecret(options, record, '1');
    logger.info({ secret }, 'made a certificate authority, since no leader did');
  } catch (error) {
    if (!signal.aborted && !isApiError(error, 409)) {
      logger.error({ err: error, secret }, 'making the first certificate authority failed');
    }
  }
}
