import { dateProblems } from '@ecr-pull-secrets/certs-scripts/verify/certificate-problems.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { createError, describeError, isSystemError, throwIfAny } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { WebhookConfiguration } from '../configuration.ts';
import type { WebhookMetrics } from '../metrics.ts';
import { readTlsFiles, type ServingCertificate, type TlsFiles, toServingCertificate } from './serving-certificate.ts';

/** In the self-managed mode a renewer needs seconds, with cert-manager it may be a minute. */
const MISSED_AFTER_MS = 30_000;

const MESSAGE_IN_USE = 'the serving certificate is not usable; the one in use stays';
const MESSAGE_WAITING = 'there is no usable serving certificate yet';
const ADVICE = 'the log of the renewer beside this container says what is wrong and what to do';

export interface CertificateWatchDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<WebhookMetrics, 'leafNotAfterSeconds' | 'reloads' | 'certificateOk'>;
  /** Puts a certificate into use. */
  readonly use: (certificate: ServingCertificate) => void;
}

/** Watches the certificate files; the caller must call `check` often. */
export function watchCertificate(
  { clock, logger, metrics, use }: CertificateWatchDependencies,
  { tlsDir: directory, serverName }: Pick<WebhookConfiguration, 'tlsDir' | 'serverName'>,
) {
  const startedAtMs = clock.now();
  let inUse: ServingCertificate | undefined;
  let problem: string | undefined;
  metrics.certificateOk.set(0);

  /**
   * Looks at the files and puts a new certificate into use if it is good. Never rejects: the last
   * good certificate stays in use, however old, and each distinct problem is logged once.
   */
  async function check(): Promise<void> {
    try {
      const files = await readSettledFiles(directory);
      if (!inUse || !isSamePair(files, inUse.files)) accept(toServingCertificate(files, clock.now(), serverName));
      else checkDates(inUse, clock.now());
      problem = undefined;
      metrics.certificateOk.set(1);
    } catch (error) {
      reject(error);
    }
  }

  function accept(certificate: ServingCertificate): void {
    use(certificate);
    inUse = certificate;
    metrics.reloads.inc({ result: 'success' });
    metrics.leafNotAfterSeconds.set(certificate.notAfterMs / 1000);
    const notAfter = new Date(certificate.notAfterMs).toISOString();
    logger.info({ directory, notAfter }, 'serving certificate loaded');
  }

  function reject(error: unknown): void {
    metrics.certificateOk.set(0);
    // Before the first certificate, files that are not there yet are no failure, for a while.
    const isWaiting = !inUse && isSystemError(error, 'ENOENT');
    if (isWaiting && clock.now() - startedAtMs < MISSED_AFTER_MS) return;
    if (!isWaiting) metrics.reloads.inc({ result: 'failure' });
    const found = describeError(error);
    if (found === problem) return;
    problem = found;
    const err = createError('ECRPS_CERTIFICATE_INVALID', 'reading the serving certificate', error);
    const message = inUse ? MESSAGE_IN_USE : MESSAGE_WAITING;
    logger.error({ directory, err, advice: ADVICE }, message);
  }

  return {
    /** What is wrong with the files; `undefined` if no problem is known. */
    problem: () => problem,
    check,
  };
}

/** @throws if the clock has left the dates of the certificate in use, or was set back behind them */
function checkDates({ notBeforeMs, notAfterMs }: ServingCertificate, nowMs: number): void {
  const dates = { notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs) };
  throwIfAny(dateProblems('the certificate in use', dates, new Date(nowMs)), 'ECRPS_CERTIFICATE_INVALID');
}

/** Reads once more if a file was gone: the directory may have been switched in the middle. */
async function readSettledFiles(directory: string): Promise<TlsFiles> {
  try {
    return await readTlsFiles(directory);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    return readTlsFiles(directory);
  }
}

function isSamePair(one: PemPair, other: PemPair): boolean {
  return one.certificatePem === other.certificatePem && one.privateKeyPem === other.privateKeyPem;
}
