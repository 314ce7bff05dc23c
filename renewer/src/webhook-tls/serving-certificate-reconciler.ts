import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import type { CertificateAuthority } from '@ecr-pull-secrets/certs-scripts/issue/certificate-authority.ts';
import {
  certificateDates,
  renewAtMs,
} from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { RenewerMetrics } from '../metrics.ts';
import type { Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import type { CaSecret } from './ca-secret.ts';
import { caStatusOf } from './ca-status.ts';
import { seenSince } from './published-ca-bundle.ts';
import { type Issued, servingCertificateDueMs } from './serving-certificate-due.ts';
import { writeTlsFiles } from './tls-dir.ts';

/** The clock is compared at least this often, so a suspended machine renews soon after it wakes. */
const CHECK_INTERVAL_MS = 30_000;

/** A disk that is full, for instance, need not be asked more often. */
const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

export interface ServingCertificateReconcilerOptions {
  readonly state: Observable<CaSecret>;
  readonly serviceName: string;
  readonly namespace: string;
  /** Shared with the webhook container. */
  readonly directory: string;
  readonly lifetimeMs: number;
  /** How long an authority has to be trusted before it signs in the place of another one. */
  readonly trustPropagationMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RenewerMetrics;
  readonly signal: AbortSignal;
}

/**
 * Every replica's part: signs its own serving certificate with the authority and hands it to the webhook,
 * again when the authority changes or two thirds of the certificate's life are over. Another authority
 * signs once it was trusted for `trustPropagationMs`; a replica that has nothing to serve with waits for nothing.
 */
export async function runServingCertificateReconciler(
  options: ServingCertificateReconcilerOptions,
): Promise<void> {
  const { state, trustPropagationMs, clock, random, logger, signal } = options;
  let issued: Issued | undefined;
  let trustedSinceMs: ReadonlyMap<string, number> = new Map();
  let failures = 0;
  while (!signal.aborted) {
    const known = state.get();
    const nowMs = clock.now();
    const view = caStatusOf(known, new Date(nowMs));
    const authority = view.kind === 'present' ? view.signing : undefined;
    if (view.kind === 'present') {
      trustedSinceMs = seenSince(trustedSinceMs, splitBundle(view.trustedPem), nowMs);
    }
    const dueMs = authority
      ? servingCertificateDueMs(issued, {
          authorityPem: authority.certificatePem,
          trustedSinceMs: trustedSinceMs.get(authority.certificatePem) ?? nowMs,
          trustPropagationMs,
          nowMs,
        })
      : Number.POSITIVE_INFINITY;
    if (authority && nowMs >= dueMs) {
      try {
        issued = await issue(options, authority);
        failures = 0;
      } catch (error) {
        logger.error({ err: error }, 'renewing the serving certificate failed; the old one stays');
        await clock.sleep(backOffMs(failures++, RETRY, random), signal);
      }
      continue;
    }
    const withinMs = Math.min(dueMs - nowMs, CHECK_INTERVAL_MS);
    await state.changedFrom(known, { clock, withinMs, signal });
  }
}

async function issue(
  options: ServingCertificateReconcilerOptions,
  authority: CertificateAuthority,
): Promise<Issued> {
  const { serviceName, namespace, directory, lifetimeMs, clock, logger, metrics } = options;
  const { certificatePem, privateKeyPem } = await createServingCertificate(authority, {
    serviceName,
    namespace,
    now: new Date(clock.now()),
    lifetimeMs,
  });
  await writeTlsFiles(directory, {
    'tls.crt': certificatePem,
    'tls.key': privateKeyPem,
    'ca.crt': authority.certificatePem,
  });
  const { notBefore, notAfter } = certificateDates(certificatePem);
  const authorityDates = certificateDates(authority.certificatePem);
  metrics.certificateExpiry.set({ certificate: 'serving' }, notAfter.getTime() / 1000);
  metrics.certificateExpiry.set(
    { certificate: 'authority' },
    authorityDates.notAfter.getTime() / 1000,
  );
  logger.info({ directory, notAfter: notAfter.toISOString() }, 'signed a serving certificate');
  return {
    authorityPem: authority.certificatePem,
    notBeforeMs: notBefore.getTime(),
    notAfterMs: notAfter.getTime(),
    renewAtMs: renewAtMs(certificatePem),
  };
}
