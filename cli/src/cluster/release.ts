import { DEFAULT_PULL_SECRET_NAME, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { type NamespacePattern, parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import { parseRegistryHosts } from '@ecr-pull-secrets/server/admission/registry-hosts-setting.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { fulfils, type Labels } from '@ecr-pull-secrets/shared/label-requirement.ts';
import { type LabelSelector, parseLabelSelector } from '@ecr-pull-secrets/renewer/pull-secrets/cache/label-selector.ts';
import type { AdmissionPolicy, Deployment, Webhook, WebhookConfiguration } from './objects.ts';
import { requirementsOf } from './selector.ts';

/** The name of the webhook in its configuration. */
const WEBHOOK_NAME = 'inject.ecr-pull-secrets.io';

/** The chart's own match condition of whatever injects. */
export const OWN_CONDITION = 'not-a-mirror-pod';

/** Where the product runs. */
export interface Release {
  /** Of the Service and the Deployment. */
  readonly name: string;
  readonly namespace: string;
  /** As Helm calls it. */
  readonly helmName: string;
}

/** The settings of the release that decide. */
export interface Settings {
  readonly secretName: string;
  readonly excluded: NamespacePattern;
  readonly targets: NamespacePattern;
  /** By which the renewer selects namespaces; `undefined` if it is not known. */
  readonly selector: { readonly text: string; readonly matches: LabelSelector['matches'] } | undefined;
  readonly registryHosts: readonly string[];
  readonly injectAll: boolean;
}

/** What injects: a webhook, or in policy mode a policy, which has selectors of the same form. */
export interface Injector {
  /** `undefined` if there is none. */
  readonly webhook: Webhook | undefined;
  readonly isPolicy: boolean;
  /** Of the webhook configuration or the policy. */
  readonly name: string;
  readonly release: Release;
}

/** What injects into a namespace with these labels, else any webhook or policy of ours. */
export function chooseWebhook(
  configurations: readonly WebhookConfiguration[],
  labels: Labels,
  policies: readonly AdmissionPolicy[] = [],
): Injector {
  const webhooks = configurations.flatMap(({ metadata, webhooks: all = [] }) =>
    all
      .filter(({ name }) => name === WEBHOOK_NAME)
      .map((webhook) => ({ metadata, webhook, isPolicy: false, place: webhook.clientConfig?.service })),
  );
  const ours = [...webhooks, ...policies.filter(isOurs).map(injectorOf)];
  const selects = ({ webhook }: { readonly webhook: Webhook }): boolean =>
    requirementsOf(webhook.namespaceSelector ?? {}).every((requirement) => fulfils(labels, requirement));
  const chosen = ours.find(selects) ?? ours[0];
  return {
    webhook: chosen?.webhook,
    isPolicy: chosen?.isPolicy ?? false,
    name: chosen?.metadata.name ?? PRODUCT_NAME,
    release: {
      name: chosen?.place?.name ?? PRODUCT_NAME,
      namespace: chosen?.place?.namespace ?? PRODUCT_NAME,
      helmName: chosen?.metadata.labels?.['app.kubernetes.io/instance'] ?? PRODUCT_NAME,
    },
  };
}

/** The policy of the chart has the name of the Deployment, and a name that the values may change. */
function isOurs({ spec = {} }: AdmissionPolicy): boolean {
  const isOfPods = spec.matchConditions?.some(({ name }) => name === OWN_CONDITION) ?? false;
  return isOfPods && JSON.stringify(spec.mutations ?? []).includes('imagePullSecrets');
}

function injectorOf({ metadata, spec = {} }: AdmissionPolicy) {
  const { matchConstraints = {}, matchConditions = [], failurePolicy } = spec;
  const webhook: Webhook = {
    name: metadata.name,
    ...matchConstraints,
    matchConditions,
    ...(failurePolicy === undefined ? {} : { failurePolicy }),
  };
  return { metadata, webhook, isPolicy: true, place: { name: metadata.name, namespace: namespaceOf(metadata) } };
}

/** Helm writes it on the objects of a release; those that kubectl applied from deploy.yaml lack it. */
function namespaceOf({ annotations }: ObjectMeta): string | undefined {
  return annotations?.['meta.helm.sh/release-namespace'];
}

/** The settings in the Deployment, or the defaults. */
export function settingsOf(deployment: Deployment | undefined, secretName: string | undefined): Settings {
  const variables = new Map<string, string>();
  for (const { env = [] } of deployment?.spec.template.spec.containers ?? []) {
    for (const { name, value } of env) if (value !== undefined) variables.set(name, value);
  }
  return {
    secretName: secretName ?? variables.get('DOCKER_SECRET_NAME') ?? DEFAULT_PULL_SECRET_NAME,
    excluded: parseNamespacePattern(variables.get('EXCLUDE_NAMESPACE') ?? ''),
    targets: parseNamespacePattern(variables.get('TARGET_NAMESPACE') ?? ''),
    selector: selectorIn(variables.get('NAMESPACE_SELECTOR')),
    registryHosts: parseRegistryHosts(variables.get('REGISTRY_HOSTS') ?? ''),
    injectAll: variables.get('INJECT_ALL') === 'true',
  };
}

/** The renewer refuses text that is no selector, and its log says so. */
function selectorIn(text: string | undefined): Settings['selector'] {
  if (text === undefined) return undefined;
  try {
    return { text, matches: parseLabelSelector(text).matches };
  } catch {
    return undefined;
  }
}
