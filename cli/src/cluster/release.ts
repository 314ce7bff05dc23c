import { DEFAULT_PULL_SECRET_NAME, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import { parseRegistryHosts } from '@ecr-pull-secrets/server/admission/registry-hosts-setting.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { fulfils, type Labels } from '@ecr-pull-secrets/shared/label-requirement.ts';
import { parseLabelSelector } from '@ecr-pull-secrets/renewer/pull-secrets/cache/label-selector.ts';
import type { AdmissionPolicy, Deployment, Webhook, WebhookConfiguration } from './objects.ts';
import { requirementsOf } from './selector.ts';

/** The name of the webhook in its configuration. */
export const WEBHOOK_NAME = 'inject.ecr-pull-secrets.io';

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

/** The settings of the release that decide about the pods of a namespace. */
export type InjectionSettings = Readonly<ReturnType<typeof injectionSettingsOf>>;

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
  const ours = [...configurations.flatMap(webhooksIn), ...policies.filter(isOurs).map(policyAsInjector)];
  const selects = ({ webhook }: Injector): boolean =>
    requirementsOf(webhook?.namespaceSelector ?? {}).every((requirement) => fulfils(labels, requirement));
  return ours.find(selects) ?? ours[0] ?? NO_INJECTOR;
}

const NO_INJECTOR: Injector = {
  webhook: undefined,
  isPolicy: false,
  name: PRODUCT_NAME,
  release: releaseOf({ name: PRODUCT_NAME }, undefined),
};

function webhooksIn({ metadata, webhooks = [] }: WebhookConfiguration): readonly Injector[] {
  return webhooks
    .filter(({ name }) => name === WEBHOOK_NAME)
    .map((webhook) => {
      const release = releaseOf(metadata, webhook.clientConfig?.service);
      return { webhook, isPolicy: false, name: metadata.name, release };
    });
}

function releaseOf(
  { labels = {} }: ObjectMeta,
  place: { readonly name?: string; readonly namespace?: string | undefined } | undefined,
): Release {
  const { name = PRODUCT_NAME, namespace = PRODUCT_NAME } = place ?? {};
  return { name, namespace, helmName: labels['app.kubernetes.io/instance'] ?? PRODUCT_NAME };
}

/** The values may change the name of the policy. */
function isOurs({ spec = {} }: AdmissionPolicy): boolean {
  const isOfPods = spec.matchConditions?.some(({ name }) => name === OWN_CONDITION) ?? false;
  return isOfPods && JSON.stringify(spec.mutations ?? []).includes('imagePullSecrets');
}

function policyAsInjector({ metadata, spec = {} }: AdmissionPolicy): Injector {
  const { matchConstraints = {}, matchConditions = [], failurePolicy } = spec;
  const { name } = metadata;
  return {
    webhook: { name, ...matchConstraints, matchConditions, ...(failurePolicy === undefined ? {} : { failurePolicy }) },
    isPolicy: true,
    name,
    release: releaseOf(metadata, { name, namespace: namespaceOf(metadata) }),
  };
}

/** Helm writes it on the objects of a release; those that kubectl applied from deploy.yaml lack it. */
function namespaceOf({ annotations }: ObjectMeta): string | undefined {
  return annotations?.['meta.helm.sh/release-namespace'];
}

/** The settings in the Deployment, or the defaults. */
export function injectionSettingsOf(deployment: Deployment | undefined, secretName: string | undefined) {
  const variables = new Map<string, string>();
  for (const { env = [] } of deployment?.spec.template.spec.containers ?? []) {
    for (const { name, value } of env) if (value !== undefined) variables.set(name, value);
  }
  return {
    secretName: secretName ?? variables.get('DOCKER_SECRET_NAME') ?? DEFAULT_PULL_SECRET_NAME,
    excluded: parseNamespacePattern(variables.get('EXCLUDE_NAMESPACE') ?? ''),
    targets: parseNamespacePattern(variables.get('TARGET_NAMESPACE') ?? ''),
    /** By which the renewer selects namespaces; `undefined` if it is not known. */
    selector: selectorIn(variables.get('NAMESPACE_SELECTOR')),
    registryHosts: parseRegistryHosts(variables.get('REGISTRY_HOSTS') ?? ''),
    injectAll: variables.get('INJECT_ALL') === 'true',
  };
}

/** The renewer refuses text that is no selector, and its log says so. */
function selectorIn(text: string | undefined) {
  if (text === undefined) return undefined;
  try {
    return { text, matches: parseLabelSelector(text).matches };
  } catch {
    return undefined;
  }
}
