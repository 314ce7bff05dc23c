import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { certificateDates, renewAtMs } from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import type { BackOff } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { CaStore } from './ca-store.ts';
import { seenSince } from './published-ca-bundle.ts';
import { writeTlsFiles } from './tls-dir.ts';

/** The clock is compared at least this often, so a suspended machine renews soon after it wakes. */
const RESYNC_MS = 30_000;

/** A full disk, for instance, need not be tried more often. */
const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

export interface ServingCertificateReconcilerSettings {
  readonly ca: CaStore;
  readonly serviceName: string;
  readonly namespace: string;
  /** Shared with the webhook container. */
  readonly directory: string;
  readonly lifetimeMs: number;
  /** How long a CA has to be trusted before it signs in the place of another one. */
  readonly trustPropagationMs: number;
}

type Dependencies = Pick<RenewerDependencies, 'clock' | 'random' | 'logger' | 'metrics'>;

/** The serving certificate that a replica has issued to itself. */
export interface Issued {
  /** The CA that signed it. */
  readonly caPem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** When two thirds of its life are over. */
  readonly renewAtMs: number;
}

/** The CA that is to sign now. */
export interface SigningCa {
  readonly caPem: string;
  /** Since when this replica sees it among those to be trusted. */
  readonly trustedSinceMs: number;
  /** How long after that every API server trusts it. */
  readonly trustPropagationMs: number;
  readonly nowMs: number;
}

/**
 * Every replica's part: signs its own serving certificate with the CA and hands it to the webhook,
 * again if the CA changes or two thirds of the certificate's life are over. Another CA signs once it was
 * trusted for `trustPropagationMs`; a replica that has nothing to serve with waits for nothing.
 */
export async function runServingCertificateReconciler(
  dependencies: Dependencies,
  settings: ServingCertificateReconcilerSettings,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = dependencies;
  const { ca, trustPropagationMs } = settings;
  let issued: Issued | undefined;
  let trustedSinceMs: ReadonlyMap<string, number> = new Map();
  await runReconcileLoop(
    dependencies,
    {
      name: 'serving certificate',
      inputs: [ca.observed],
      resyncMs: RESYNC_MS,
      retry: RETRY,
      reconcile: async () => {
        const nowMs = clock.now();
        const status = ca.statusAt(new Date(nowMs));
        if (status.kind !== 'present') return undefined;
        trustedSinceMs = seenSince(trustedSinceMs, splitBundle(status.trustedPem), nowMs);
        const { signing } = status;
        if (!signing) return undefined;
        const { certificatePem: caPem } = signing;
        const dueMs = servingCertificateDueMs(issued, {
          caPem,
          trustedSinceMs: trustedSinceMs.get(caPem) ?? nowMs,
          trustPropagationMs,
          nowMs,
        });
        if (nowMs < dueMs) return dueMs - nowMs;
        issued = await issue(dependencies, settings, signing);
        return issued.renewAtMs - clock.now();
      },
    },
    signal,
  );
}

/**
 * When the next serving certificate is to be signed.
 *
 * In a rotation a CA was trusted for long when it begins to sign. One that a person put into the
 * Secret, from a backup for instance, was not: it waits, while the certificate in use stays trusted.
 */
export function servingCertificateDueMs(
  issued: Issued | undefined,
  { caPem, trustedSinceMs, trustPropagationMs, nowMs }: SigningCa,
): number {
  if (!issued) return nowMs;
  // Signed while the clock was ahead, it is not valid yet for API servers whose clocks are right.
  if (nowMs < issued.notBeforeMs) return nowMs;
  if (issued.caPem === caPem) return issued.renewAtMs;
  return Math.min(issued.notAfterMs, trustedSinceMs + trustPropagationMs);
}

async function issue(
  { clock, logger, metrics }: Dependencies,
  { serviceName, namespace, directory, lifetimeMs }: ServingCertificateReconcilerSettings,
  ca: PemPair,
): Promise<Issued> {
  const { certificatePem, privateKeyPem } = await createServingCertificate(ca, {
    serviceName,
    namespace,
    now: new Date(clock.now()),
    lifetimeMs,
  });
  const { certificatePem: caPem } = ca;
  await writeTlsFiles(directory, {
    'tls.crt': certificatePem,
    'tls.key': privateKeyPem,
    'ca.crt': caPem,
  });
  const { notBefore, notAfter } = certificateDates(certificatePem);
  const caEnd = certificateDates(caPem).notAfter;
  metrics.certificateExpiry.set({ certificate: 'serving' }, notAfter.getTime() / 1000);
  metrics.certificateExpiry.set({ certificate: 'ca' }, caEnd.getTime() / 1000);
  logger.info({ directory, notAfter: notAfter.toISOString() }, 'signed a serving certificate');
  return {
    caPem,
    notBeforeMs: notBefore.getTime(),
    notAfterMs: notAfter.getTime(),
    renewAtMs: renewAtMs(certificatePem),
  };
}
