import type { SecureContextOptions } from 'node:tls';
import { join } from 'node:path';
import {
  readCertificateSet,
  servingProblems,
  toServingPem,
} from '@ecr-pull-secrets/certs-scripts/verify/certificate-set.ts';
import { currentGeneration, readPemFile } from '@ecr-pull-secrets/certs-scripts/verify/pem-file.ts';
import { throwIfAny } from '@ecr-pull-secrets/certs-scripts/verify/throw-if-any.ts';

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
export interface ServingCertificate {
  /** What it was made from. */
  readonly pair: PemPair;
  /** The same in one canonical form, which OpenSSL reads whatever the files look like. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Reads `tls.crt` and `tls.key`, both from one generation of the directory.
 *
 * @throws the file system's error; ENOENT where there is no file, or where the link was switched
 * in between
 */
export async function readPemPair(directory: string): Promise<PemPair> {
  const generation = await currentGeneration(directory);
  // One after the other, so that of two files that are missing it is always the same that is named.
  const certificatePem = await readPemFile(join(generation, 'tls.crt'));
  const privateKeyPem = await readPemFile(join(generation, 'tls.key'));
  const authorityPem = await readPemFile(join(generation, 'ca.crt')).catch(() => '');
  return { certificatePem, privateKeyPem, authorityPem };
}

/**
 * Makes sure that a pair can serve: what API servers or OpenSSL would refuse is refused here, by the
 * verifier that `certs verify` and the renewer have. Without `ca.crt` the chain is not judged.
 *
 * @throws ECRPS_CERTIFICATE_INVALID that says what is wrong, with nothing of the key in it
 */
export function toServingCertificate(
  pair: PemPair,
  nowMs: number,
  serverName?: string,
): ServingCertificate {
  const read = readCertificateSet({
    caPem: pair.authorityPem || undefined,
    certificatePem: pair.certificatePem,
    privateKeyPem: pair.privateKeyPem,
    dnsNames: serverName === undefined ? [] : [serverName],
  });
  throwIfAny(servingProblems(read, new Date(nowMs)), 'ECRPS_CERTIFICATE_INVALID');
  const [leaf] = read.chain.certificates;
  return {
    pair,
    ...toServingPem(read),
    notBeforeMs: leaf?.notBefore.getTime() ?? 0,
    notAfterMs: leaf?.notAfter.getTime() ?? 0,
  };
}

/**
 * Every TLS setting. `setSecureContext` forgets each one that is not repeated, and given none it
 * breaks all handshakes without an error, so nobody else may make these options.
 */
export function toTlsOptions({
  certificatePem,
  privateKeyPem,
}: Pick<ServingCertificate, 'certificatePem' | 'privateKeyPem'>): SecureContextOptions {
  return { cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.2' };
}
