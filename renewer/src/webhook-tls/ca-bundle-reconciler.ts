import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { apply } from '@ecr-pull-secrets/kube/apply.ts';
import type { Leadership } from '@ecr-pull-secrets/kube/leader-election.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import {
  createObservable,
  firstChange,
  type Observable,
} from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { observePublished, type Published } from './published-ca-bundle.ts';

const COLLECTION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

/** Without news the bundle is compared again this often: what is trusted for a while ends by the clock. */
const CHECK_INTERVAL_MS = 10_000;

const RETRY: BackOff = { baseMs: 500, capMs: 10_000 };

/** Each change of the bundle makes every API server open new connections. */
const REPAIR: BackOff = { baseMs: 50, capMs: 5_000 };
const CALM_MS = 60_000;

/** The parts of a MutatingWebhookConfiguration that matter here. */
interface WebhookConfiguration {
  readonly metadata: ObjectMeta;
  readonly webhooks?: readonly Webhook[];
}

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly caBundle?: string };
}

export interface CaBundleReconcilerOptions
  extends Pick<RenewerDependencies, 'client' | 'clock' | 'random' | 'logger' | 'metrics'> {
  /** The MutatingWebhookConfiguration's name. */
  readonly webhookName: string;
  /** What API servers are to trust, as PEM; empty while that is not known, and then nothing is written. */
  readonly trusted: TrustedBundle;
  /** Told what is in the configuration. */
  readonly published: Observable<Published>;
  readonly leadership: Leadership;
}

/** A bundle that changes, also with the time. */
export interface TrustedBundle {
  /** As of now. */
  current(): string;
  /** Whatever it is made of; another one wakes who waits. */
  readonly source: Pick<Observable<unknown>, 'get' | 'changedFrom'>;
}

/**
 * The leader's part: keeps `caBundle` in each of the configuration's webhooks at what is to be trusted,
 * repairing it within moments where something else changed or cleared it.
 */
export async function runCaBundleReconciler(options: CaBundleReconcilerOptions): Promise<void> {
  const { client, webhookName, published, clock, random, logger, leadership } = options;
  const { signal } = leadership;
  const configuration = createObservable<WebhookConfiguration | undefined>(undefined);
  const take = (found: WebhookConfiguration | undefined): void => {
    const caBundles = found?.webhooks?.map(({ clientConfig }) => clientConfig.caBundle) ?? [];
    published.set(observePublished(published.get(), caBundles, clock.now()));
    configuration.set(found);
  };
  const following = runReflector<WebhookConfiguration, WebhookConfiguration>(
    { client, clock, random, logger },
    {
      path: COLLECTION,
      fieldSelector: `metadata.name=${webhookName}`,
      metadataOnly: false,
      reduce: ({ metadata, webhooks = [] }) => ({ metadata, webhooks: webhooks.map(namedBundle) }),
      handler: { replace: ([found]) => take(found), upsert: take, remove: () => take(undefined) },
    },
    signal,
  );
  await Promise.all([following, patchWhereDifferent(options, configuration)]);
}

/** Others may make the rest of a webhook large. */
function namedBundle({ name, clientConfig: { caBundle } }: Webhook): Webhook {
  return { name, clientConfig: caBundle === undefined ? {} : { caBundle } };
}

async function patchWhereDifferent(
  options: CaBundleReconcilerOptions,
  configuration: Observable<WebhookConfiguration | undefined>,
): Promise<void> {
  const { trusted, clock, random, logger, metrics, leadership } = options;
  const { signal } = leadership;
  let failures = 0;
  let repairs = 0;
  let patched = '';
  let patchedAtMs = 0;
  while (!signal.aborted) {
    const source = trusted.source.get();
    const found = configuration.get();
    const caBundle = Buffer.from(trusted.current()).toString('base64');
    const names = caBundle ? webhooksToPatch(found, caBundle) : [];
    try {
      if (names.length > 0 && leadership.isHeld()) {
        await applyCaBundle(options, names, caBundle);
        metrics.caBundlePatches.inc({ result: 'success' });
        logger.info({ webhooks: names }, 'patched caBundle');
        // The first repair comes at once; whoever answers each of ours is not fought at full speed.
        // Another bundle is no repair, and waits for nothing.
        const isRepair = caBundle === patched && clock.now() - patchedAtMs < CALM_MS;
        repairs = isRepair ? repairs + 1 : 0;
        patched = caBundle;
        patchedAtMs = clock.now();
        const withinMs = backOffMs(repairs, REPAIR, () => 1);
        await trusted.source.changedFrom(source, { clock, withinMs, signal });
      }
      failures = 0;
      await firstChange({ clock, withinMs: CHECK_INTERVAL_MS, signal }, [
        (wait) => trusted.source.changedFrom(source, wait),
        (wait) => configuration.changedFrom(found, wait),
      ]);
    } catch (error) {
      if (signal.aborted) return;
      metrics.caBundlePatches.inc({ result: 'error' });
      logger.error({ err: error, failures }, 'patching caBundle failed; will retry');
      await clock.sleep(backOffMs(failures++, RETRY, random), signal);
    }
  }
}

/** All webhooks where any differs: one that apply leaves out would lose the bundle that it had from us. */
function webhooksToPatch(
  configuration: WebhookConfiguration | undefined,
  caBundle: string,
): readonly string[] {
  const webhooks = configuration?.webhooks ?? [];
  const isRight = webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle);
  return isRight ? [] : webhooks.map(({ name }) => name);
}

/** Owns `caBundle` and no other field, so that Helm and others keep theirs. */
async function applyCaBundle(
  { client, webhookName, leadership }: CaBundleReconcilerOptions,
  webhooks: readonly string[],
  caBundle: string,
): Promise<void> {
  await apply({
    client,
    path: `${COLLECTION}/${webhookName}`,
    body: {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: webhookName },
      webhooks: webhooks.map((name) => ({ name, clientConfig: { caBundle } })),
    },
    signal: leadership.signal,
  });
}
