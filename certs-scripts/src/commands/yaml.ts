import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { objectName } from '@ecr-pull-secrets/shared/configuration.ts';
import * as z from 'zod';
import { secretYaml } from './secret-yaml.ts';
import { certificateSetExpiry } from '../verify/certificate-set-expiry.ts';
import { verifyCertificateSet } from '../verify/certificate-set.ts';
import { defineCommand } from './command.ts';
import { calledName, namespace, path, service } from './options.ts';
import { pathsIn, readSet } from './read-set.ts';

/** Of the chart's own, `-ca`, `-tls`, `-issuer`, `-tokens` and `-aws` are taken. */
const SECRET_SUFFIX = '-serving';

export const yamlCommand = defineCommand({
  name: 'yaml',
  summary: 'print the set as a Secret for kubectl apply, and which Helm values name it',
  description:
    'Prints a set as the YAML of a Secret for `kubectl apply --server-side --force-conflicts -f -`, and as\n' +
    'comments in it which Helm values name it and how to set caBundle by hand. Refuses a set that\n' +
    'cannot serve.',
  options: z.object({
    dir: path.meta({ description: 'The folder of tls.crt, tls.key and ca.crt.', value: 'DIR' }),
    service,
    namespace,
    secret: objectName.optional().meta({
      description: `The Secret’s name; the default is that of the Service with ${SECRET_SUFFIX}.`,
      value: 'NAME',
    }),
    webhook: objectName.optional().meta({
      description: 'The MutatingWebhookConfiguration; the default is the name of the Service.',
      value: 'NAME',
    }),
  }),
  run: async (options, { stdout, stderr, clock }) => {
    const dnsNames = [calledName(options)];
    const paths = pathsIn(options.dir);
    const set = { ...(await readSet(paths)), dnsNames, now: new Date(clock.now()) };
    const problems = verifyCertificateSet(set).join('; ');
    if (problems !== '') {
      const message = `${paths.certificate} cannot serve ${dnsNames.join()}: ${problems}`;
      throw createError('ECRPS_CERTIFICATE_INVALID', message);
    }
    // A screen keeps what it showed.
    if (stdout.isTTY === true) stderr.write('note: this shows a private key; pipe it into kubectl apply instead\n');
    stdout.write(
      secretYaml({
        set,
        end: certificateSetExpiry(set),
        secret: options.secret ?? `${options.service}${SECRET_SUFFIX}`,
        namespace: options.namespace,
        webhook: options.webhook ?? options.service,
      }),
    );
  },
});
