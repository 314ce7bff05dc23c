import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { readPemCertificates } from './pem.ts';

/** The span in which a certificate is valid, both ends included. */
export interface CertificateDates {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Clocks of API servers may be behind ours: a certificate is valid from an hour before it is made. */
const CLOCK_SKEW_MS = 60 * 60 * 1000;

/**
 * The dates of a certificate made now. `notBefore` lies an hour back, but for a life of under two
 * hours only half of that life, or two thirds of the whole span would already be over.
 */
export function datesOfNew(now: Date, lifetimeMs: number): CertificateDates {
  const backdateMs = Math.min(CLOCK_SKEW_MS, lifetimeMs / 2);
  return {
    notBefore: new Date(now.getTime() - backdateMs),
    notAfter: new Date(now.getTime() + lifetimeMs),
  };
}

/**
 * The dates of the first certificate of a PEM text.
 *
 * @throws ECRPS_CERTIFICATE_INVALID if there is none
 */
export function certificateDates(certificatePem: string): CertificateDates {
  const [certificate] = readPemCertificates(certificatePem).certificates;
  if (!certificate) throw createError('ECRPS_CERTIFICATE_INVALID', 'no readable certificate');
  const { notBefore, notAfter } = certificate;
  return { notBefore, notAfter };
}

/**
 * When a certificate with the dates of `datesOfNew` was made, in milliseconds since the epoch, to the
 * second that certificates have. One of another maker may have been made up to an hour earlier.
 *
 * @throws ECRPS_CERTIFICATE_INVALID if there is no certificate
 */
export function madeAtMs(certificatePem: string): number {
  const { notBefore, notAfter } = certificateDates(certificatePem);
  // A short life L is backdated by L/2, so its whole span is 3L/2: a third of the span is the backdating.
  const spanMs = notAfter.getTime() - notBefore.getTime();
  return notBefore.getTime() + Math.min(CLOCK_SKEW_MS, spanMs / 3);
}

/**
 * When to renew, in milliseconds since the epoch: after two thirds of the life, as cert-manager
 * does (`pkg/util/pki/renewaltime.go`). A third is left for retries.
 *
 * @throws ECRPS_CERTIFICATE_INVALID if there is no certificate
 */
export function renewAtMs(certificatePem: string): number {
  const { notBefore, notAfter } = certificateDates(certificatePem);
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return notBefore.getTime() + Math.floor((lifeMs * 2) / 3);
}
