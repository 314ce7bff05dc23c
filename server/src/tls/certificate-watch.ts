import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError, describeError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { WebhookMetrics } from '../metrics.ts';
import {
  type PemPair,
  readPemPair,
  type ServingCertificate,
  toServingCertificate,
} from './serving-certificate.ts';

/** In the self-managed mode a renewer needs seconds, with cert-manager it may be a minute. */
const MISSED_AFTER_MS = 30_000;

const MESSAGE_IN_USE = 'the serving certificate needs a hand; the one in use stays';
const MESSAGE_WAITING = 'there is no serving certificate to begin with';
const ADVICE =
  'the renewer beside this container says what is wrong and what to do: look at its log';

export interface CertificateWatchOptions {
  /** `TLS_DIR`. */
  readonly directory: string;
  /** The name that API servers ask for; not checked where it is not known. */
  readonly serverName?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<WebhookMetrics, 'leafNotAfterSeconds' | 'reloads' | 'certificateOk'>;
  /** Puts a certificate into use. */
  readonly use: (certificate: ServingCertificate) => void;
}

/** The serving certificate, as far as its files are good. */
export interface CertificateWatch {
  /** What is wrong with the files by now; `undefined` where nothing is known to be. */
  readonly problem: () => string | undefined;
  /**
   * Looks at the files and puts a new certificate into use where it is good. Never rejects: the last
   * good certificate stays in use, however old, and each distinct problem is logged once.
   */
  readonly check: () => Promise<void>;
}

/** Watches the certificate files; the caller sees to it that `check` is called often. */
export function watchCertificate(options: CertificateWatchOptions): CertificateWatch {
  const { directory, serverName, clock, logger, metrics, use } = options;
  const startedAtMs = clock.now();
  let inUse: ServingCertificate | undefined;
  let problem: string | undefined;
  metrics.certificateOk.set(0);

  async function check(): Promise<void> {
    try {
      const pair = await readSettledPair(directory);
      if (!inUse || !isSamePair(pair, inUse.pair))
        accept(toServingCertificate(pair, clock.now(), serverName));
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
    const isWaiting = !inUse && isMissingFile(error);
    if (isWaiting && clock.now() - startedAtMs < MISSED_AFTER_MS) return;
    if (!isWaiting) metrics.reloads.inc({ result: 'failure' });
    const found = describeError(error);
    if (found === problem) return;
    problem = found;
    const err = createError('ECRPS_CERTIFICATE_INVALID', 'reading the serving certificate', error);
    const message = inUse ? MESSAGE_IN_USE : MESSAGE_WAITING;
    logger.error({ directory, err, advice: ADVICE }, message);
  }

  return { problem: () => problem, check };
}

/** @throws where the clock has left the dates of what is in use, or was set back behind them */
function checkDates({ notBeforeMs, notAfterMs }: ServingCertificate, nowMs: number): void {
  const problem =
    nowMs > notAfterMs
      ? `expired at ${new Date(notAfterMs).toISOString()}`
      : `is not valid before ${new Date(notBeforeMs).toISOString()}`;
  if (nowMs >= notBeforeMs && nowMs <= notAfterMs) return;
  throw createError('ECRPS_CERTIFICATE_INVALID', `the certificate in use ${problem}`);
}

/** Reads once more where a file was gone: the directory may have been switched under our hands. */
async function readSettledPair(directory: string): Promise<PemPair> {
  try {
    return await readPemPair(directory);
  } catch (error) {
    if (!isMissingFile(error)) throw error;
    return readPemPair(directory);
  }
}

function isSamePair(one: PemPair, other: PemPair): boolean {
  return one.certificatePem === other.certificatePem && one.privateKeyPem === other.privateKeyPem;
}

function isMissingFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
