import { mergeBundles } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { Leadership } from '@ecr-pull-secrets/kube/leader-election.ts';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import type { CaSecret } from './ca-secret.ts';
import { type CaStatus, caStatusOf } from './ca-status.ts';
import { createFirstCa } from './create-first-ca.ts';
import { watchCaSecret } from './ca-store.ts';
import { createExternalCertificateMonitor } from './external-certificate-monitor.ts';
import { runCaReconciler } from './ca-reconciler.ts';
import { runCaBundleReconciler } from './ca-bundle-reconciler.ts';
import { createTrustRetention } from './trust-retention.ts';
import { runServingCertificateReconciler } from './serving-certificate-reconciler.ts';
import { NOTHING_READ, type Published, publishedPem } from './published-ca-bundle.ts';

/** What a renewer does about the webhook's certificate; it depends on `TLS_MODE`. */
export interface WebhookTls {
  /** Every replica's part, until the signal aborts. */
  readonly serve: (signal: AbortSignal) => Promise<void>;
  /** The leader's part, until its signal aborts. */
  readonly lead: (leadership: Leadership) => Promise<void>;
}

/**
 * After the trust propagation each replica signs anew, at most a few seconds after the leader saw the change, and its
 * webhook looks every 2 s; a write that fails is tried again within 30 s (`keep-serving-certificate.ts`).
 */
const REPLACED_WITHIN_MS = 40_000;

interface Context extends RenewerDependencies {
  readonly configuration: RenewerConfiguration;
}

export function createWebhookTls(context: Context): WebhookTls {
  const { tlsMode } = context.configuration;
  if (tlsMode === 'none') return NO_DUTIES;
  return tlsMode === 'self-managed' ? selfManaged(context) : given(context);
}

/** Without a webhook nothing is served, and there is no `caBundle`. */
const NO_DUTIES: WebhookTls = Object.freeze({
  serve: () => Promise.resolve(),
  lead: () => Promise.resolve(),
});

/** We make everything: the leader the authority, each replica its serving certificate. */
function selfManaged(context: Context): WebhookTls {
  const { configuration, clock } = context;
  const { podNamespace: namespace, podName, serviceName, webhookName } = configuration;
  const { certificateTimes: times, additionalCaBundle } = configuration;
  const state = createObservable<CaSecret>({ kind: 'unknown' });
  const secret = { namespace, name: `${serviceName}-ca`, state };
  const bundle = (): string => {
    const view = caStatusOf(state.get(), new Date(clock.now()));
    return view.kind === 'present' ? withBundle(view.trustedPem, additionalCaBundle) : '';
  };
  return {
    serve: async (signal) => {
      await Promise.all([
        watchCaSecret({ ...context, ...secret, signal }),
        createFirstCa({ ...context, ...secret, times, signal }),
        runServingCertificateReconciler({
          ...context,
          state,
          serviceName,
          namespace,
          directory: configuration.tlsDir,
          lifetimeMs: times.servingLifetimeMs,
          trustPropagationMs: times.trustPropagationMs,
          signal,
        }),
      ]);
    },
    lead: async (leadership) => {
      const { signal } = leadership;
      const published = createObservable<Published>(NOTHING_READ);
      const keepMs = times.trustPropagationMs + REPLACED_WITHIN_MS;
      const lasting = createTrustRetention({ now: () => clock.now(), keepMs });
      const isOver = (pem: string): boolean => {
        const nowMs = clock.now();
        return isDistrustedFor(keepMs, caStatusOf(state.get(), new Date(nowMs)), pem, nowMs);
      };
      let isFirst = true;
      const current = (): string => {
        // Replicas may serve for a while yet by what the leader before published.
        if (isFirst) lasting.see(publishedPem(published.get()));
        isFirst = published.get().kind === 'unknown';
        return lasting.extend(bundle(), isOver);
      };
      const trusted = { source: state, current };
      await Promise.all([
        runCaReconciler({ ...context, ...secret, published, times, podName, signal }),
        runCaBundleReconciler({ ...context, webhookName, trusted, published, leadership }),
      ]);
    },
  };
}

/**
 * Whether a CA that nobody distrusts signs for so long in the place of one that a person distrusts. Counted
 * from what the Secret says, it does not begin anew with each leader.
 */
function isDistrustedFor(keepMs: number, view: CaStatus, pem: string, nowMs: number): boolean {
  if (view.kind !== 'present' || !view.signing) return false;
  const { distrusts, signing, signingSinceMs } = view;
  return nowMs - signingSinceMs > keepMs && distrusts(pem) && !distrusts(signing.certificatePem);
}

/** Somebody else makes the certificate and puts it into `TLS_DIR`: we look at it. */
function given(context: Context): WebhookTls {
  const { webhookName, tlsMode, additionalCaBundle } = context.configuration;
  const { authority, keepChecked } = createExternalCertificateMonitor(context);
  return {
    serve: keepChecked,
    lead: async (leadership) => {
      // With cert-manager its CA injector does it.
      if (tlsMode === 'cert-manager') return;
      const current = (): string => withBundle(authority.get(), additionalCaBundle);
      const trusted = { source: authority, current };
      const published = createObservable<Published>(NOTHING_READ);
      await runCaBundleReconciler({ ...context, webhookName, trusted, published, leadership });
    },
  };
}

/** Nothing is added to what is not known: nothing is to be published then. */
function withBundle(pem: string, additionalPem: string): string {
  return pem && mergeBundles(pem, [additionalPem]);
}
