import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';

/** A certificate and its key as they lie in `TLS_DIR`, not yet looked at. */
export interface PemPair {
  /** `tls.crt`: the certificate, then its intermediates if it has any. */
  readonly certificatePem: string;
  /** `tls.key`: unencrypted. */
  readonly privateKeyPem: string;
  /** `ca.crt`: what callers trust, as far as the files say; empty where they do not. */
  readonly authorityPem?: string;
}

/** A pair that TLS takes and that is valid. */
export interface ServingCertificate extends PemPair {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Reads `tls.crt` and `tls.key`, both from one generation of the directory: where it has a `..data`
 * link, which kubelet and our renewer switch when they replace the files, that is resolved once.
 *
 * @throws the file system's error; ENOENT where there is no file, or where the link was switched
 * in between
 */
export async function readPemPair(directory: string): Promise<PemPair> {
  const generation = await realpath(join(directory, '..data')).catch(() => directory);
  // One after the other, so that of two files that are missing it is always the same that is named.
  const certificatePem = await readFile(join(generation, 'tls.crt'), 'utf8');
  const privateKeyPem = await readFile(join(generation, 'tls.key'), 'utf8');
  const authorityPem = await readFile(join(generation, 'ca.crt'), 'utf8').catch(() => '');
  return { certificatePem, privateKeyPem, authorityPem };
}

/**
 * Makes sure that a pair can serve: readable, belonging together, within its dates.
 *
 * @throws ECRPS_CERTIFICATE_INVALID that says what is wrong, with nothing of the key in it
 */
export function toServingCertificate(
  pair: PemPair,
  nowMs: number,
  serverName?: string,
): ServingCertificate {
  const leaf = readCertificate(pair.certificatePem);
  const { validFromDate, validToDate, publicKey } = leaf;
  if (nowMs < validFromDate.getTime()) {
    throw invalid(`tls.crt is not valid before ${validFromDate.toISOString()}`);
  }
  if (nowMs > validToDate.getTime()) {
    throw invalid(`tls.crt expired at ${validToDate.toISOString()}`);
  }
  const privateKey = attempt('tls.key is not an unencrypted private key in PEM', () =>
    createPrivateKey(pair.privateKeyPem),
  );
  // Tried, not compared: `checkPrivateKey` looks at the key's public half alone.
  const probe = Buffer.from('probe');
  const isPair = attempt('tls.key cannot sign', () =>
    verify(undefined, probe, publicKey, sign(undefined, probe, privateKey)),
  );
  if (!isPair) throw invalid('tls.key does not belong to tls.crt');
  if (serverName !== undefined && leaf.checkHost(serverName, { subject: 'never' }) === undefined) {
    throw invalid(`tls.crt is not for ${serverName}`);
  }
  if (pair.authorityPem && !isIssuedUnder(pair.certificatePem, pair.authorityPem)) {
    throw invalid('tls.crt is signed by no certificate of ca.crt');
  }
  const certificate = {
    ...pair,
    notBeforeMs: validFromDate.getTime(),
    notAfterMs: validToDate.getTime(),
  };
  // OpenSSL has rules of its own, for instance about short keys.
  attempt('TLS refuses the certificate', () => createSecureContext(toTlsOptions(certificate)));
  return certificate;
}

/**
 * Every TLS setting. `setSecureContext` forgets each one that is not repeated, and given none it
 * breaks all handshakes without an error, so nobody else may make these options.
 */
export function toTlsOptions({ certificatePem, privateKeyPem }: PemPair): SecureContextOptions {
  return { cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.2' };
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Whether the chain of `tls.crt` ends at one of the authorities, or begins with one. */
function isIssuedUnder(chainPem: string, authorityPem: string): boolean {
  const [leaf, ...intermediates] = (chainPem.match(BLOCK) ?? []).map(readCertificate);
  const authorities = (authorityPem.match(BLOCK) ?? []).map(readCertificate);
  let current = leaf;
  for (const next of [...intermediates, undefined]) {
    const reached = current;
    if (!reached) return false;
    if (authorities.some((one) => one.raw.equals(reached.raw) || isIssuedBy(reached, one))) {
      return true;
    }
    current = next && isIssuedBy(reached, next) ? next : undefined;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function readCertificate(pem: string): X509Certificate {
  return attempt('tls.crt is not a certificate in PEM', () => new X509Certificate(pem));
}

/** The library's message stays out: it may describe the text of the key. */
function attempt<T>(problem: string, action: () => T): T {
  try {
    return action();
  } catch {
    throw invalid(problem);
  }
}

function invalid(problem: string): Error {
  return createError('ECRPS_CERTIFICATE_INVALID', problem);
}
