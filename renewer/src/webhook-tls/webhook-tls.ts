import { mergeBundles } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import type { Leadership } from '@ecr-pull-secrets/kube/leader-election.ts';
import { caSecretName } from '@ecr-pull-secrets/kube/object-names.ts';
import { createObservable, type Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { type ReconcileLoop, runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { DeploymentEvents } from '../deployment-events/deployment-events.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { runCaBundleReconciler } from './ca-bundle-reconciler.ts';
import { runCaReconciler, runFirstCaReconciler } from './ca-reconciler.ts';
import { createCaStore, runCaReflector } from './ca-store.ts';
import { runExternalCertificateMonitor } from './external-certificate-monitor.ts';
import { NOTHING_READ, type PublishedCaBundle } from './published-ca-bundle.ts';
import { runServingCertificateReconciler } from './serving-certificate-reconciler.ts';
import { isDistrustOver, retainTrust, type Trust } from './trust-retention.ts';

/** What a renewer does about the webhook's certificate; it depends on `TLS_MODE`. */
export interface WebhookTls {
  /** Every replica's part, until the signal aborts. */
  readonly serve: (signal: AbortSignal) => Promise<void>;
  /** The leader's part, until its signal aborts. */
  readonly lead: (leadership: Leadership, events: DeploymentEvents) => Promise<void>;
}

/**
 * After the trust propagation each replica signs a new certificate, at most a few seconds after the leader saw the
 * change, and its webhook looks every 2 s; a write that fails is tried again within 30 s
 * (`serving-certificate-reconciler.ts`).
 */
const REPLACED_WITHIN_MS = 40_000;

/** A problem that lasts is counted again this often. */
const PROBLEM_REPORT_MS = 60_000;

export function createWebhookTls(dependencies: RenewerDependencies, settings: RenewerConfiguration): WebhookTls {
  if (settings.tlsMode === 'none') return NO_WEBHOOK;
  return settings.tlsMode === 'self-managed'
    ? createSelfManagedTls(dependencies, settings)
    : createExternalTls(dependencies, settings);
}

/** Without a webhook nothing is served, and there is no `caBundle`. */
const NO_WEBHOOK: WebhookTls = Object.freeze({
  serve: () => Promise.resolve(),
  lead: () => Promise.resolve(),
});

/** The leader makes the CA, and each replica its serving certificate. */
function createSelfManagedTls(dependencies: RenewerDependencies, settings: RenewerConfiguration): WebhookTls {
  const { clock } = dependencies;
  const { podNamespace: namespace, podName, serviceName, webhookName } = settings;
  const { certificateTimes: times, additionalCaBundle, tlsDir: directory } = settings;
  const { servingLifetimeMs: lifetimeMs, trustPropagationMs } = times;
  const retainMs = trustPropagationMs + REPLACED_WITHIN_MS;
  const ca = createCaStore();
  const secret = { ca, namespace, name: caSecretName(serviceName) };

  const nextTrust = (before: Trust, published: PublishedCaBundle): Trust => {
    const nowMs = clock.now();
    const status = ca.statusAt(new Date(nowMs));
    const trustedPem = status.kind === 'present' ? status.trustedPem : '';
    return retainTrust(before, {
      desiredPem: withAdditional(trustedPem, additionalCaBundle),
      published,
      nowMs,
      retainMs,
      isRevoked: (pem) => isDistrustOver(status, pem, { nowMs, retainMs }),
    });
  };

  return {
    serve: async (signal) => {
      const serving = { ca, serviceName, namespace, directory, lifetimeMs, trustPropagationMs };
      await Promise.all([
        runCaReflector(dependencies, secret, signal),
        runFirstCaReconciler(dependencies, { ...secret, times }, signal),
        runServingCertificateReconciler(dependencies, serving, signal),
      ]);
    },
    lead: async (leadership, events) => {
      const published = createObservable<PublishedCaBundle>(NOTHING_READ);
      const desired = { input: ca.observed, next: nextTrust };
      await Promise.all([
        runCaReconciler(dependencies, { ...secret, times, published, podName, events }, leadership.signal),
        runCaBundleReconciler(dependencies, { webhookName, desired, published, events }, leadership),
      ]);
    },
  };
}

/** Another program, or a person, makes the certificate and puts it into `TLS_DIR`: it is monitored. */
function createExternalTls(dependencies: RenewerDependencies, settings: RenewerConfiguration): WebhookTls {
  const { webhookName, tlsMode, tlsDir, additionalCaBundle, serviceName, podNamespace } = settings;
  const caBundle = createObservable('');
  const problem = createObservable('');
  const monitor = { tlsMode, tlsDir, serviceName, podNamespace, caBundle, problem };
  return {
    serve: (signal) => runExternalCertificateMonitor(dependencies, monitor, signal),
    lead: async (leadership, events) => {
      const reporting = runProblemReports(dependencies, { problem, events }, leadership.signal);
      // With cert-manager its CA injector does it.
      if (tlsMode === 'cert-manager') return await reporting;
      const next = () => ({ bundlePem: withAdditional(caBundle.get(), additionalCaBundle) });
      const published = createObservable<PublishedCaBundle>(NOTHING_READ);
      const desired = { input: caBundle, next };
      const settingsOfBundle = { webhookName, desired, published, events };
      await Promise.all([reporting, runCaBundleReconciler(dependencies, settingsOfBundle, leadership)]);
    },
  };
}

/** Reports what is wrong with the certificate, as the leader has it in its own volume. */
async function runProblemReports(
  dependencies: RenewerDependencies,
  { problem, events }: { readonly problem: Observable<string>; readonly events: DeploymentEvents },
  signal: AbortSignal,
): Promise<void> {
  const subject = 'external certificate';
  const controller: ReconcileLoop = {
    name: `report of the ${subject}`,
    inputs: [problem],
    resyncMs: PROBLEM_REPORT_MS,
    retry: { baseMs: PROBLEM_REPORT_MS, capMs: PROBLEM_REPORT_MS },
    reconcile: async () => {
      const message = problem.get();
      if (message !== '') return events.report({ subject, reason: 'CertificateUnusable', message });
      events.resolve({ subject, reason: 'CertificateUsable', message: 'The certificate of the webhook is usable.' });
    },
  };
  await runReconcileLoop(dependencies, controller, signal);
}

/** Nothing is added to an unknown bundle: then nothing is to be published. */
function withAdditional(pem: string, additionalPem: string): string {
  return pem && mergeBundles(pem, [additionalPem]);
}
