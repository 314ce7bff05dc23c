import { join } from 'node:path';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { z } from 'zod';
import type { CertificateAuthority } from '../issue/certificate-authority.ts';
import { certificateDates } from '../verify/certificate-dates.ts';
import {
  certificateFile,
  type NewFile,
  privateKeyFile,
  readTextFile,
  writeFileSet,
} from './file-set.ts';
import { createServingCertificate } from '../issue/serving-certificate.ts';
import { verifyAuthority } from '../verify/certificate-authority.ts';
import { verifyCertificateSet } from '../verify/certificate-set.ts';
import { splitBundle } from '../verify/bundle.ts';
import { throwIfAny } from '../verify/throw-if-any.ts';
import { defineCommand } from './command.ts';
import {
  calledName,
  DAY_MS,
  days,
  extraDnsNames,
  force,
  namespace,
  path,
  service,
} from './options.ts';

/** Certificates tell whole seconds. */
const SECOND_MS = 1000;

export const servingCommand = defineCommand({
  name: 'serving',
  summary: 'make a serving certificate by that authority: tls.crt, tls.key and a copy of ca.crt',
  description:
    'Makes the webhook’s serving certificate, signed by an authority: tls.crt and tls.key, and beside\n' +
    'them ca.crt for the API server. A ca.crt that is there and lists the authority stays as it is.',
  options: z.object({
    authority: path.meta({ description: 'The folder of ca.crt and ca.key.', value: 'DIR' }),
    service,
    namespace,
    dns: extraDnsNames,
    days: days(365),
    out: path.meta({ description: 'The folder to write into; made if missing.', value: 'DIR' }),
    force,
  }),
  run: async (options, { stdout, stderr, clock }) => {
    const now = new Date(clock.now());
    const authority = await readAuthority(options.authority, now);
    const serving = await createServingCertificate(authority, {
      serviceName: options.service,
      namespace: options.namespace,
      extraDnsNames: options.dns,
      now,
      lifetimeMs: options.days * DAY_MS,
    });
    const kept = await listingBundle(join(options.out, 'ca.crt'), authority);
    const caPem = kept ?? authority.certificatePem;
    const dnsNames = [calledName(options), ...options.dns];
    const set = { ...serving, caPem, dnsNames, now };
    throwIfAny(verifyCertificateSet(set), 'ECRPS_CERTIFICATE_INVALID');

    const files: readonly NewFile[] = [
      privateKeyFile('tls.key', serving.privateKeyPem),
      certificateFile('tls.crt', serving.certificatePem),
    ];
    const copy = kept === undefined ? [certificateFile('ca.crt', caPem)] : [];
    await writeFileSet(options.out, [...files, ...copy], { replace: options.force });

    const { notAfter } = certificateDates(serving.certificatePem);
    const names = files.map(({ name }) => join(options.out, name)).join(' and ');
    stdout.write(
      `made ${names} for ${dnsNames.join(', ')}, valid until ${notAfter.toISOString()}\n`,
    );
    if (notAfter.getTime() + SECOND_MS < now.getTime() + options.days * DAY_MS)
      stderr.write(`note: it ends with its authority, before the ${options.days} days are over\n`);
  },
});

async function readAuthority(directory: string, now: Date): Promise<CertificateAuthority> {
  const authority = {
    certificatePem: await readTextFile(join(directory, 'ca.crt')),
    privateKeyPem: await readTextFile(join(directory, 'ca.key')),
  };
  const problems = verifyAuthority(authority, now).join('; ');
  if (problems === '') return authority;
  const message = `the authority in ${directory} cannot sign: ${problems}`;
  throw createError('ECRPS_CERTIFICATE_AUTHORITY_INVALID', message);
}

/** A bundle that is there already and lists the authority, perhaps beside one that is being replaced. */
async function listingBundle(
  bundlePath: string,
  { certificatePem }: CertificateAuthority,
): Promise<string | undefined> {
  const bundlePem = await readTextFile(bundlePath).catch(() => '');
  const listed = splitBundle(bundlePem);
  return splitBundle(certificatePem).every((pem) => listed.includes(pem)) ? bundlePem : undefined;
}
