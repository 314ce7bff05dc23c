import { join } from 'node:path';
import { readTextFile } from './file-set.ts';
import type { CertificateSet } from '../verify/certificate-set.ts';

/** Where the three files of a set lie. */
export interface SetPaths {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A folder as `certs serving` leaves it. */
export function pathsIn(directory: string): SetPaths {
  return {
    ca: join(directory, 'ca.crt'),
    certificate: join(directory, 'tls.crt'),
    key: join(directory, 'tls.key'),
  };
}

/** @throws ECRPS_FILE_UNUSABLE */
export async function readSet(
  paths: SetPaths,
): Promise<Pick<CertificateSet, 'caPem' | 'certificatePem' | 'privateKeyPem'>> {
  return {
    caPem: await readTextFile(paths.ca),
    certificatePem: await readTextFile(paths.certificate),
    privateKeyPem: await readTextFile(paths.key),
  };
}
