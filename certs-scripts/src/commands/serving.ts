import { join } from 'node:path';
import { createError, throwIfAny } from '@ecr-pull-secrets/shared/errors.ts';
import * as z from 'zod';
import { createServingCertificate } from '../issue/serving-certificate.ts';
import { splitBundle } from '../verify/bundle.ts';
import { verifyCa } from '../verify/ca.ts';
import { certificateDates } from '../verify/certificate-dates.ts';
import { verifyCertificateSet } from '../verify/certificate-set.ts';
import type { PemPair } from '../verify/pem.ts';
import { defineCommand } from './command.ts';
import { certificateFile, type NewFile, privateKeyFile, readTextFile, writeFileSet } from './file-set.ts';
import { calledName, DAY_MS, days, extraDnsNames, force, namespace, path, service } from './options.ts';

/** The dates of certificates have whole seconds. */
const SECOND_MS = 1000;

export const servingCommand = defineCommand({
  name: 'serving',
  summary: 'make a serving certificate by that CA: tls.crt, tls.key and a copy of ca.crt',
  description:
    'Makes the webhook’s serving certificate, signed by a CA: tls.crt and tls.key, and beside them\n' +
    'ca.crt for the API server. A ca.crt that is there and lists the CA stays as it is.',
  options: z.object({
    'ca-dir': path.meta({ description: 'The folder of ca.crt and ca.key.', value: 'DIR' }),
    service,
    namespace,
    dns: extraDnsNames,
    days: days(365),
    out: path.meta({ description: 'The folder to write into; made if missing.', value: 'DIR' }),
    force,
  }),
  run: async (options, { stdout, stderr, clock }) => {
    const now = new Date(clock.now());
    const ca = await readCaFiles(options['ca-dir'], now);
    const serving = await createServingCertificate(ca, {
      serviceName: options.service,
      namespace: options.namespace,
      extraDnsNames: options.dns,
      now,
      lifetimeMs: options.days * DAY_MS,
    });
    const kept = await listingBundle(join(options.out, 'ca.crt'), ca);
    const caPem = kept ?? ca.certificatePem;
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
    stdout.write(`made ${names} for ${dnsNames.join(', ')}, valid until ${notAfter.toISOString()}\n`);
    if (notAfter.getTime() + SECOND_MS < now.getTime() + options.days * DAY_MS)
      stderr.write(`note: it ends with its CA, before the ${options.days} days are over\n`);
  },
});

async function readCaFiles(directory: string, now: Date): Promise<PemPair> {
  const ca = {
    certificatePem: await readTextFile(join(directory, 'ca.crt')),
    privateKeyPem: await readTextFile(join(directory, 'ca.key')),
  };
  const problems = verifyCa(ca, now).join('; ');
  if (problems === '') return ca;
  throw createError('ECRPS_CA_INVALID', `the CA in ${directory} cannot sign: ${problems}`);
}

/** A bundle that is there already and lists the CA, perhaps beside one that is being replaced. */
async function listingBundle(bundlePath: string, { certificatePem }: PemPair): Promise<string | undefined> {
  const bundlePem = await readTextFile(bundlePath).catch(() => '');
  const listed = splitBundle(bundlePem);
  return splitBundle(certificatePem).every((pem) => listed.includes(pem)) ? bundlePem : undefined;
}
