import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/back-off.ts';
import type { RenewerContext } from '../context.ts';
import { apply } from '../kube/apply.ts';
import { listWatch } from '../kube/list-watch.ts';
import type { ObjectMeta } from '../kube/objects.ts';
import { createObserved, firstChange, type Observed } from '../observed.ts';
import { authorityOf, type AuthorityState, type KnownSecret } from './authority-secret.ts';

const COLLECTION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

/** Without news the configuration is compared again this often. */
const CHECK_INTERVAL_MS = 30_000;

const RETRY: BackOff = { baseMs: 500, capMs: 10_000 };

/** The parts of a MutatingWebhookConfiguration that matter here. */
interface WebhookConfiguration {
  readonly metadata: ObjectMeta;
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

export interface KeepCaBundleOptions
  extends Pick<RenewerContext, 'client' | 'clock' | 'random' | 'logger' | 'metrics'> {
  /** The MutatingWebhookConfiguration's name. */
  readonly webhookName: string;
  /** The authority's Secret. */
  readonly state: Observed<KnownSecret>;
  readonly signal: AbortSignal;
}

/**
 * The leader's part: keeps `caBundle` in each of the configuration's webhooks at the authority's
 * certificate, repairing it within moments where something else changed or cleared it.
 */
export async function keepCaBundle(options: KeepCaBundleOptions): Promise<void> {
  const { client, webhookName, clock, random, logger, signal } = options;
  const configuration = createObserved<WebhookConfiguration | undefined>(undefined);
  const following = listWatch<WebhookConfiguration>({
    client,
    path: COLLECTION,
    fieldSelector: `metadata.name=${webhookName}`,
    metadataOnly: false,
    handler: {
      replace: ([found]) => configuration.set(found),
      upsert: (found) => configuration.set(found),
      remove: () => configuration.set(undefined),
    },
    clock,
    random,
    logger,
    signal,
  });
  await Promise.all([following, patchWhereDifferent(options, configuration)]);
}

async function patchWhereDifferent(
  options: KeepCaBundleOptions,
  configuration: Observed<WebhookConfiguration | undefined>,
): Promise<void> {
  const { state, clock, random, logger, metrics, signal } = options;
  let failures = 0;
  while (!signal.aborted) {
    const known = state.get();
    const authority = authorityOf(known, new Date(clock.now()));
    const found = configuration.get();
    const names = authority.kind === 'valid' ? webhooksToPatch(found, bundleOf(authority)) : [];
    try {
      if (authority.kind === 'valid' && names.length > 0) {
        await applyCaBundle(options, names, bundleOf(authority));
        metrics.caBundlePatches.inc({ result: 'success' });
        logger.info({ webhooks: names }, 'patched caBundle');
      }
      failures = 0;
      await firstChange({ clock, withinMs: CHECK_INTERVAL_MS, signal }, [
        (wait) => state.changedFrom(known, wait),
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

function bundleOf({ authority }: Extract<AuthorityState, { kind: 'valid' }>): string {
  return Buffer.from(authority.certificatePem).toString('base64');
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
  { client, webhookName, signal }: KeepCaBundleOptions,
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
    signal,
  });
}
