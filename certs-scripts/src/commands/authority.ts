import { join } from 'node:path';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { z } from 'zod';
import { createCertificateAuthority } from '../issue/certificate-authority.ts';
import { certificateDates } from '../verify/certificate-dates.ts';
import { certificateFile, privateKeyFile, writeFileSet } from './file-set.ts';
import { defineCommand } from './command.ts';
import { commonName, DAY_MS, days, force, path } from './options.ts';

/** Longer than the renewer's own: a rotation by hand takes several steps, and some days of care. */
const USUAL_DAYS = 3650;

export const authorityCommand = defineCommand({
  name: 'authority',
  summary: 'make a certificate authority: ca.crt and ca.key',
  description: 'Makes a certificate authority that signs serving certificates: ca.crt and ca.key.',
  options: z.object({
    out: path.meta({ description: 'The folder to write into; made if missing.', value: 'DIR' }),
    name: commonName.default(PRODUCT_NAME).meta({
      description: `What people read in it; ${PRODUCT_NAME} unless told.`,
      value: 'NAME',
    }),
    days: days(USUAL_DAYS),
    force,
  }),
  run: async (options, { stdout, clock }) => {
    const { certificatePem, privateKeyPem } = await createCertificateAuthority({
      commonName: options.name,
      now: new Date(clock.now()),
      lifetimeMs: options.days * DAY_MS,
    });
    await writeFileSet(
      options.out,
      [privateKeyFile('ca.key', privateKeyPem), certificateFile('ca.crt', certificatePem)],
      { replace: options.force },
    );
    const until = certificateDates(certificatePem).notAfter.toISOString();
    stdout.write(`made ${join(options.out, 'ca.crt')}, valid until ${until}\n`);
    stdout.write(
      `made ${join(options.out, 'ca.key')}, which signs for it: keep it out of the cluster\n`,
    );
  },
});
