import { apply } from '@ecr-pull-secrets/kube/apply.ts';
import type { Leadership } from '@ecr-pull-secrets/kube/leader-election.ts';
import {
  nameSelector,
  WEBHOOK_CONFIGURATIONS_PATH,
  webhookConfigurationPath,
} from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import { createObservable, type Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { type ReconcileLoop, runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import type { DeploymentEvents, DeploymentReport } from '../deployment-events/deployment-events.ts';
import { type ReportedController, reportFailures } from '../deployment-events/reported-controller.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { asOf, observePublished, type PublishedCaBundle } from './published-ca-bundle.ts';
import { NO_TRUST, type Trust } from './trust-retention.ts';

/** Without a change the bundle is compared again this often: what is retained ends by the clock. */
const RESYNC_MS = 10_000;

const RETRY: BackOff = { baseMs: 500, capMs: 10_000 };

/** Each change of the bundle makes every API server open new connections. */
const REPAIR: BackOff = { baseMs: 50, capMs: 5_000 };
const CALM_MS = 60_000;

const CA_BUNDLE_FAILURES: ReportedController = {
  reasons: ['CaBundleNotPublished', 'CaBundlePublished'],
  consequence: 'The caBundle of the webhook configuration cannot be written, so API servers may not trust the webhook:',
};

/** The parts of a MutatingWebhookConfiguration that matter here. */
interface WebhookConfiguration {
  readonly metadata: ObjectMeta;
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

/** What is stored of it: others may make the rest of a webhook large. */
interface Webhook {
  readonly name: string;
  readonly caBundle: string | undefined;
}

/** The last patch of this leader. */
interface OwnPatch {
  patched: string;
  /** Whether the watch has shown it: until then the watch is behind, and no other program has changed it. */
  isObserved: boolean;
}

export interface CaBundleReconcilerSettings {
  /** The MutatingWebhookConfiguration's name. */
  readonly webhookName: string;
  readonly desired: DesiredTrust;
  /** Kept up to date with the configuration. */
  readonly published: Observable<PublishedCaBundle>;
  readonly events: DeploymentEvents;
}

/** What API servers are to trust. It changes with an input, and with the time. */
export interface DesiredTrust {
  /** Any change of it reconciles at once. */
  readonly input: Pick<Observable<unknown>, 'get' | 'changedFrom'>;
  /** The trust as of now; it depends on that of the last reconciliation. */
  readonly next: (before: Trust, published: PublishedCaBundle) => Trust;
}

type Dependencies = Pick<RenewerDependencies, 'client' | 'clock' | 'random' | 'logger' | 'metrics'>;

/**
 * The leader's part: keeps `caBundle` in each of the configuration's webhooks at what is to be trusted,
 * and repairs it within moments if another program changed or cleared it.
 */
export async function runCaBundleReconciler(
  dependencies: Dependencies,
  settings: CaBundleReconcilerSettings,
  leadership: Leadership,
): Promise<void> {
  const { clock } = dependencies;
  const { webhookName, published } = settings;
  const { signal } = leadership;
  const observed = createObservable<readonly Webhook[]>([]);
  const own: OwnPatch = { patched: '', isObserved: false };
  const observe = (webhooks: readonly Webhook[]): void => {
    const caBundles = webhooks.map(({ caBundle }) => caBundle);
    own.isObserved ||= own.patched !== '' && caBundles.every((caBundle) => caBundle === own.patched);
    published.set(observePublished(published.get(), caBundles, clock.now()));
    observed.set(webhooks);
  };
  const controller = reportFailures(
    createController(dependencies, { ...settings, observed, own }, leadership),
    settings.events,
    CA_BUNDLE_FAILURES,
  );
  await Promise.all([
    runReflector<WebhookConfiguration, readonly Webhook[]>(
      dependencies,
      {
        path: WEBHOOK_CONFIGURATIONS_PATH,
        fieldSelector: nameSelector(webhookName),
        metadataOnly: false,
        reduce: ({ webhooks = [] }) => webhooks.map(({ name, clientConfig: { caBundle } }) => ({ name, caBundle })),
        handler: {
          replace: ([webhooks = []]) => observe(webhooks),
          upsert: observe,
          remove: () => observe([]),
        },
      },
      signal,
    ),
    runReconcileLoop(dependencies, controller, signal),
  ]);
}

function createController(
  { client, clock, logger, metrics }: Dependencies,
  settings: CaBundleReconcilerSettings & { readonly observed: Observable<readonly Webhook[]>; readonly own: OwnPatch },
  leadership: Leadership,
): ReconcileLoop {
  const { webhookName, desired, published, observed, events, own } = settings;
  let trust = NO_TRUST;
  let repairs = 0;
  let patchedAtMs = 0;
  return {
    name: 'CA bundle',
    inputs: [desired.input, observed],
    resyncMs: RESYNC_MS,
    retry: RETRY,
    reconcile: async (signal) => {
      const input = desired.input.get();
      const seen = asOf(published.get(), clock.now());
      if (seen !== published.get()) published.set(seen);
      trust = desired.next(trust, seen);
      const caBundle = Buffer.from(trust.bundlePem).toString('base64');
      const webhooks = caBundle ? webhooksToPatch(observed.get(), caBundle) : [];
      if (webhooks.length === 0 || !leadership.isHeld()) return;
      if (own.isObserved && caBundle === own.patched)
        events.report({ subject: 'caBundle', ...changedReport(webhookName) });
      try {
        await apply({ client, ...caBundlePatch(webhookName, webhooks, caBundle), signal });
      } catch (error) {
        if (!signal.aborted) metrics.caBundlePatches.inc({ result: 'error' });
        throw error;
      }
      metrics.caBundlePatches.inc({ result: 'success' });
      logger.info({ webhooks }, 'patched caBundle');
      // The first repair comes at once; a program that undoes each of ours is answered ever more slowly.
      // Another bundle is no repair, and waits for nothing.
      const isRepair = caBundle === own.patched && clock.now() - patchedAtMs < CALM_MS;
      repairs = isRepair ? repairs + 1 : 0;
      own.patched = caBundle;
      own.isObserved = false;
      patchedAtMs = clock.now();
      const withinMs = backOffMs(repairs, REPAIR, () => 1);
      await desired.input.changedFrom(input, { clock, withinMs, signal });
    },
  };
}

/** Another program changed what we wrote, which is repaired at once. */
function changedReport(webhookName: string): Pick<DeploymentReport, 'reason' | 'message'> {
  const message = `Another program changed caBundle in the MutatingWebhookConfiguration ${webhookName}, so that API servers could not call the webhook; it is repaired. Find the program by "kubectl get mutatingwebhookconfiguration ${webhookName} --show-managed-fields --output yaml".`;
  return { reason: 'CaBundleChanged', message };
}

/** All webhooks if any differs: one that apply leaves out would lose the bundle that it had from us. */
function webhooksToPatch(webhooks: readonly Webhook[], desired: string): readonly string[] {
  const isRight = webhooks.every(({ caBundle }) => caBundle === desired);
  return isRight ? [] : webhooks.map(({ name }) => name);
}

/** Owns `caBundle` and no other field, so that Helm and others keep theirs. */
function caBundlePatch(webhookName: string, webhooks: readonly string[], caBundle: string) {
  return {
    path: webhookConfigurationPath(webhookName),
    body: {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: webhookName },
      webhooks: webhooks.map((name) => ({ name, clientConfig: { caBundle } })),
    },
  };
}
