import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import {
  readCertificateSet,
  servingProblems,
  toServingPem,
} from '@ecr-pull-secrets/certs-scripts/verify/certificate-set.ts';
import { currentVersion, readPemFile } from '@ecr-pull-secrets/certs-scripts/verify/pem-file.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { throwIfAny } from '@ecr-pull-secrets/shared/errors.ts';

/** The files of `TLS_DIR`, not verified yet: `tls.crt`, `tls.key` and `ca.crt`. */
export interface TlsFiles extends PemPair {
  /** What callers trust; empty without `ca.crt`. */
  readonly caPem?: string;
}

/** A certificate and key that TLS takes and that are valid, in one canonical form, which OpenSSL reads. */
export interface ServingCertificate extends PemPair {
  /** What it was made from. */
  readonly files: TlsFiles;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Reads the files, all from one generation of the directory.
 *
 * @throws the file system's error; ENOENT if there is no file, or if the link was switched in between
 */
export async function readTlsFiles(directory: string): Promise<TlsFiles> {
  const generation = await currentVersion(directory);
  // One after the other, so that of two files that are missing it is always the same that is named.
  const certificatePem = await readPemFile(join(generation, 'tls.crt'));
  const privateKeyPem = await readPemFile(join(generation, 'tls.key'));
  const caPem = await readPemFile(join(generation, 'ca.crt')).catch(() => '');
  return { certificatePem, privateKeyPem, caPem };
}

/**
 * Makes sure that the files can serve: what API servers or OpenSSL would refuse is refused here, by the
 * verifier that `certs verify` and the renewer use. Without `ca.crt` the chain is not judged.
 *
 * @throws ECRPS_CERTIFICATE_INVALID that says what is wrong, with nothing of the key in it
 */
export function toServingCertificate(files: TlsFiles, nowMs: number, serverName?: string): ServingCertificate {
  const read = readCertificateSet({
    ...files,
    caPem: files.caPem || undefined,
    dnsNames: serverName === undefined ? [] : [serverName],
  });
  throwIfAny(servingProblems(read, new Date(nowMs)), 'ECRPS_CERTIFICATE_INVALID');
  const [leaf] = read.chain.certificates;
  return {
    files,
    ...toServingPem(read),
    notBeforeMs: leaf?.notBefore.getTime() ?? 0,
    notAfterMs: leaf?.notAfter.getTime() ?? 0,
  };
}

/**
 * Every TLS setting. `setSecureContext` forgets each one that is not repeated, and without any it breaks all
 * handshakes without an error, so no other code may make these options.
 */
export function toTlsOptions({ certificatePem, privateKeyPem }: PemPair): SecureContextOptions {
  return { cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.2' };
}
