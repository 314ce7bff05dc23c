import { certificateDates } from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import { mergeBundles, splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { verifyCertificateSet } from '@ecr-pull-secrets/certs-scripts/verify/certificate-set.ts';
import { currentGeneration, readPemFile } from '@ecr-pull-secrets/certs-scripts/verify/pem-file.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { join } from 'node:path';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import { createObservable, type Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';

/** kubelet itself brings a changed Secret within a minute or so. */
const CHECK_INTERVAL_MS = 10_000;

/** A certificate that somebody else makes. */
export interface ExternalCertificateMonitor {
  /** PEM of `ca.crt`, which API servers are to trust; empty where there is none. */
  readonly authority: Observable<string>;
  /** Looks at the files until the signal aborts: what is wrong shows in the log and as a metric. */
  readonly keepChecked: (signal: AbortSignal) => Promise<void>;
}

export function createExternalCertificateMonitor(
  context: Pick<RenewerDependencies, 'clock' | 'logger' | 'metrics'> & {
    readonly configuration: RenewerConfiguration;
  },
): ExternalCertificateMonitor {
  const { configuration, clock, logger, metrics } = context;
  const { tlsDir, serviceName, podNamespace, tlsMode } = configuration;
  const authority = createObservable('');
  const trouble = createThrottledLog({ clock, logger }, 'the webhook’s certificate needs a hand');

  async function check(): Promise<void> {
    const files = await readFiles(tlsDir);
    const problems = verifyCertificateSet({
      ...files,
      dnsNames: [`${serviceName}.${podNamespace}.svc`],
      now: new Date(clock.now()),
    });
    publish(files.caPem, problems);
    metrics.certificateProblems.set(problems.length);
    tellExpiry('serving', files.certificatePem);
    tellExpiry('authority', files.caPem);
    if (problems.length === 0) return;
    const text = `${problems.join('; ')}. ${adviceFor(tlsMode, podNamespace)}`;
    trouble.report(createError('ECRPS_CERTIFICATE_INVALID', text));
  }

  /**
   * Certificates alone: everybody can read `caBundle`, and a file may hold a key by mistake. Another
   * bundle counts once what is served stands up to it, or API servers would trust nobody.
   */
  function publish(caPem: string, problems: readonly string[]): void {
    const bundle = mergeBundles(caPem, []);
    if (bundle === '' || bundle === authority.get()) return;
    if (problems.length === 0 || authority.get() === '') authority.set(bundle);
  }

  function tellExpiry(certificate: 'serving' | 'authority', pem: string): void {
    if (!isBundle(pem)) return metrics.certificateExpiry.remove({ certificate });
    metrics.certificateExpiry.set({ certificate }, certificateDates(pem).notAfter.getTime() / 1000);
  }

  return {
    authority,
    keepChecked: async (signal) => {
      while (!signal.aborted) {
        await check();
        await clock.sleep(CHECK_INTERVAL_MS, signal);
      }
    },
  };
}

/** All of one generation; what is missing is empty, which the check calls by its name. */
async function readFiles(directory: string) {
  const generation = await currentGeneration(directory);
  const read = (name: string): Promise<string> =>
    readPemFile(join(generation, name)).catch(() => '');
  const [caPem, certificatePem, privateKeyPem] = await Promise.all([
    read('ca.crt'),
    read('tls.crt'),
    read('tls.key'),
  ]);
  return { caPem, certificatePem, privateKeyPem };
}

function isBundle(pem: string): boolean {
  return splitBundle(pem).length > 0;
}

function adviceFor(tlsMode: string, namespace: string): string {
  if (tlsMode === 'cert-manager') {
    return `See what cert-manager says: kubectl describe certificate,issuer -n ${namespace}`;
  }
  return 'Put tls.crt, tls.key and ca.crt into the Secret of the chart value tls.existingSecret: they are taken over without a restart. `ecr-pull-secrets certs` makes and verifies them.';
}
