import { join } from 'node:path';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import * as z from 'zod';
import { createCa } from '../issue/ca.ts';
import { certificateDates } from '../verify/certificate-dates.ts';
import { defineCommand } from './command.ts';
import { certificateFile, privateKeyFile, writeFileSet } from './file-set.ts';
import { commonName, DAY_MS, days, force, path } from './options.ts';

/** Longer than the renewer's own: a rotation by hand takes several steps, and some days of care. */
const DEFAULT_DAYS = 3650;

export const caCommand = defineCommand({
  name: 'ca',
  summary: 'make a CA: ca.crt and ca.key',
  description: 'Makes a CA that signs serving certificates: ca.crt and ca.key.',
  options: z.object({
    out: path.meta({ description: 'The folder to write into; made if missing.', value: 'DIR' }),
    name: commonName.default(PRODUCT_NAME).meta({
      description: `What people read in it; the default is ${PRODUCT_NAME}.`,
      value: 'NAME',
    }),
    days: days(DEFAULT_DAYS),
    force,
  }),
  run: async (options, { stdout, clock }) => {
    const { certificatePem, privateKeyPem } = await createCa({
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
    stdout.write(`made ${join(options.out, 'ca.key')}, which signs for it: keep it out of the cluster\n`);
  },
});
