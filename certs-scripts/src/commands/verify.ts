import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import * as z from 'zod';
import { certificateSetExpiry } from '../verify/certificate-set-expiry.ts';
import { readCertificateSet, verifyCertificateSet } from '../verify/certificate-set.ts';
import { defineCommand } from './command.ts';
import { calledName, DAY_MS, extraDnsNames, namespace, path, service } from './options.ts';
import { pathsIn, readSet, type SetPaths } from './read-set.ts';

/** The webhook and the renewer read it too, but a person may take the file elsewhere. */
const MENDED = 'is not as Go reads PEM, since a BEGIN or END is not alone on its line: use what `certs yaml` prints';

const FILE_OPTIONS = ['ca', 'cert', 'key'] as const;

const options = z
  .object({
    dir: path.optional().meta({
      description: 'The folder of tls.crt, tls.key and ca.crt; or else the next three.',
      value: 'DIR',
    }),
    ca: path.optional().meta({ description: 'What the API server trusts.', value: 'FILE' }),
    cert: path.optional().meta({ description: 'The serving certificate.', value: 'FILE' }),
    key: path.optional().meta({ description: 'Its private key.', value: 'FILE' }),
    service,
    namespace,
    dns: extraDnsNames,
  })
  .refine((values) => {
    const files = FILE_OPTIONS.filter((name) => values[name] !== undefined).length;
    return values.dir === undefined ? files === FILE_OPTIONS.length : files === 0;
  }, 'give either --dir, or all of --ca, --cert and --key');

export const verifyCommand = defineCommand({
  name: 'verify',
  summary: 'say whether a set can serve, why not, and until when',
  description:
    'Verifies what the API server will look at: chain, names, dates, and that the key belongs to the\n' +
    'certificate. Says what is wrong, one problem a line, and exits with 1; or until when all is well.',
  options,
  run: async (values, { stdout, stderr, clock }) => {
    const paths = pathsOf(values);
    const now = new Date(clock.now());
    const dnsNames = [calledName(values), ...values.dns];
    const set = { ...(await readSet(paths)), dnsNames, now };
    const problems = verifyCertificateSet(set);
    const names = dnsNames.join(', ');
    if (problems.length > 0) {
      stdout.write(problems.map((problem) => `${problem}\n`).join(''));
      const message = `${paths.certificate} cannot serve ${names}: ${counted(problems.length)}`;
      throw createError('ECRPS_CERTIFICATE_INVALID', message);
    }
    const { bundle, chain } = readCertificateSet(set);
    if (chain.needsNormalization) stderr.write(`note: ${paths.certificate} ${MENDED}\n`);
    if (bundle?.needsNormalization) stderr.write(`note: ${paths.ca} ${MENDED}\n`);
    const end = certificateSetExpiry(set);
    const daysLeft = Math.round((end.getTime() - now.getTime()) / DAY_MS);
    stdout.write(
      `good: ${paths.certificate} serves ${names} until ${end.toISOString()}, in ${daysLeft} days; ` +
        `its key fits and ${paths.ca} trusts it\n`,
    );
  },
});

function pathsOf({ dir, ca = '', cert = '', key = '' }: z.output<typeof options>): SetPaths {
  return dir === undefined ? { ca, certificate: cert, key } : pathsIn(dir);
}

function counted(problems: number): string {
  return problems === 1 ? '1 problem' : `${problems} problems`;
}
