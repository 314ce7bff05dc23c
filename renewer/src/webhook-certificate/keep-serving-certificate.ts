import type { CertificateAuthority } from '@ecr-pull-secrets/certs-scripts/certificate-authority.ts';
import { certificateDates, renewAtMs } from '@ecr-pull-secrets/certs-scripts/certificate-dates.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/serving-certificate.ts';
import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';
import type { Facts } from '@ecr-pull-secrets/shared/facts.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { FACTS_FILE } from '@ecr-pull-secrets/shared/names.ts';
import type { RenewerMetrics } from '../metrics.ts';
import type { Observed } from '../observed.ts';
import { authorityOf, type KnownSecret } from './authority-secret.ts';
import { writeTlsFiles } from './tls-files.ts';

/** The clock is compared at least this often, so a suspended machine renews soon after it wakes. */
const CHECK_INTERVAL_MS = 30_000;

export interface KeepServingCertificateOptions {
  readonly state: Observed<KnownSecret>;
  readonly serviceName: string;
  readonly namespace: string;
  /** Shared with the webhook container. */
  readonly directory: string;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RenewerMetrics;
  readonly signal: AbortSignal;
}

/** What this replica serves with. */
interface Issued {
  readonly authorityPem: string;
  readonly renewAtMs: number;
}

/**
 * Every replica's part: signs its own serving certificate with the authority and hands it to the webhook,
 * again when the authority changes or two thirds of the certificate's life are over.
 */
export async function keepServingCertificate(
  options: KeepServingCertificateOptions,
): Promise<void> {
  const { state, clock, logger, signal } = options;
  let issued: Issued | undefined;
  while (!signal.aborted) {
    const known = state.get();
    const found = authorityOf(known, new Date(clock.now()));
    if (found.kind === 'valid' && isDue(issued, found.authority, clock.now())) {
      try {
        issued = await issue(options, found.authority);
      } catch (error) {
        logger.error({ err: error }, 'renewing the serving certificate failed; the old one stays');
      }
    }
    await state.changedFrom(known, { clock, withinMs: CHECK_INTERVAL_MS, signal });
  }
}

function isDue(
  issued: Issued | undefined,
  { certificatePem }: CertificateAuthority,
  nowMs: number,
): boolean {
  return !issued || issued.authorityPem !== certificatePem || nowMs >= issued.renewAtMs;
}

async function issue(
  options: KeepServingCertificateOptions,
  authority: CertificateAuthority,
): Promise<Issued> {
  const { serviceName, namespace, directory, facts, clock, logger, metrics } = options;
  const { certificatePem, privateKeyPem } = await createServingCertificate(authority, {
    serviceName,
    namespace,
    now: new Date(clock.now()),
  });
  await writeTlsFiles(directory, {
    'tls.crt': certificatePem,
    'tls.key': privateKeyPem,
    'ca.crt': authority.certificatePem,
    [FACTS_FILE]: JSON.stringify(facts),
  });
  const { notAfter } = certificateDates(certificatePem);
  const authorityDates = certificateDates(authority.certificatePem);
  metrics.certificateExpiry.set({ certificate: 'serving' }, notAfter.getTime() / 1000);
  metrics.certificateExpiry.set(
    { certificate: 'authority' },
    authorityDates.notAfter.getTime() / 1000,
  );
  logger.info({ directory, notAfter: notAfter.toISOString() }, 'signed a serving certificate');
  return { authorityPem: authority.certificatePem, renewAtMs: renewAtMs(certificatePem) };
}
