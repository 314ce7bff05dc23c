import { join } from 'node:path';
import { mergeBundles, splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { certificateDates } from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import { verifyCertificateSet } from '@ecr-pull-secrets/certs-scripts/verify/certificate-set.ts';
import { currentVersion, readPemFile } from '@ecr-pull-secrets/certs-scripts/verify/pem-file.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { RenewerDependencies } from '../dependencies.ts';

/** kubelet itself brings a changed Secret within a minute or so. */
const CHECK_INTERVAL_MS = 10_000;

interface Settings extends Pick<RenewerConfiguration, 'tlsMode' | 'tlsDir' | 'serviceName' | 'podNamespace'> {
  /** Set to the certificates of `ca.crt`, which API servers are to trust. */
  readonly caBundle: Observable<string>;
  /** Set to what is wrong and what to do, for a person; empty if nothing is. */
  readonly problem: Observable<string>;
}

/**
 * Every replica's part if another program, or a person, makes the certificate and puts it into `TLS_DIR`: what is
 * wrong with it is logged and shown by a metric.
 */
export async function runExternalCertificateMonitor(
  dependencies: Pick<RenewerDependencies, 'clock' | 'random' | 'logger' | 'metrics'>,
  { tlsMode, tlsDir, serviceName, podNamespace, caBundle, problem }: Settings,
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger, metrics } = dependencies;
  const log = createThrottledLog({ clock, logger }, 'the external certificate is not usable');
  const setExpiry = (certificate: 'serving' | 'ca', pem: string): void => {
    if (splitBundle(pem).length === 0) return metrics.certificateExpiry.remove({ certificate });
    metrics.certificateExpiry.set({ certificate }, certificateDates(pem).notAfter.getTime() / 1000);
  };
  const check = async (): Promise<void> => {
    const files = await readFiles(tlsDir);
    const problems = verifyCertificateSet({
      ...files,
      dnsNames: [`${serviceName}.${podNamespace}.svc`],
      now: new Date(clock.now()),
    });
    const bundle = nextBundle(caBundle.get(), files.caPem, problems);
    if (bundle !== caBundle.get()) caBundle.set(bundle);
    metrics.certificateProblems.set(problems.length);
    setExpiry('serving', files.certificatePem);
    setExpiry('ca', files.caPem);
    const text = problems.length === 0 ? '' : `${problems.join('; ')}. ${adviceFor(tlsMode, podNamespace)}`;
    if (text !== problem.get()) problem.set(text);
    if (text === '') return;
    log.report(createError('ECRPS_CERTIFICATE_INVALID', text));
  };
  await runReconcileLoop(
    dependencies,
    {
      name: 'external certificate',
      resyncMs: CHECK_INTERVAL_MS,
      retry: { baseMs: CHECK_INTERVAL_MS, capMs: CHECK_INTERVAL_MS },
      reconcile: check,
    },
    signal,
  );
}

/**
 * Certificates alone: everybody can read `caBundle`, and a file may hold a key by mistake. Another
 * bundle counts once it trusts what is served, or API servers would trust no replica.
 */
function nextBundle(before: string, caPem: string, problems: readonly string[]): string {
  const bundle = mergeBundles(caPem, []);
  const isUsed = bundle !== '' && (problems.length === 0 || before === '');
  return isUsed ? bundle : before;
}

/** All of one generation; a missing file is read as empty, and the check names it. */
async function readFiles(directory: string) {
  const generation = await currentVersion(directory);
  const read = (name: string): Promise<string> => readPemFile(join(generation, name)).catch(() => '');
  const [caPem, certificatePem, privateKeyPem] = await Promise.all([read('ca.crt'), read('tls.crt'), read('tls.key')]);
  return { caPem, certificatePem, privateKeyPem };
}

function adviceFor(tlsMode: string, namespace: string): string {
  if (tlsMode === 'cert-manager') {
    return `See what cert-manager says: kubectl describe certificate,issuer -n ${namespace}`;
  }
  return 'Put tls.crt, tls.key and ca.crt into the Secret of the chart value tls.existingSecret: they are taken over without a restart. `ecr-pull-secrets certs` makes and verifies them.';
}
