import { DEFAULT_PULL_SECRET_NAME, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { type NamespacePattern, parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import { parseRegistryHosts } from '@ecr-pull-secrets/server/admission/registry-hosts-setting.ts';
import type { Deployment, Webhook, WebhookConfiguration } from './objects.ts';
import { fulfils, requirementsOf } from './selector.ts';

/** The name of the webhook in its configuration. */
const WEBHOOK_NAME = 'inject.ecr-pull-secrets.io';

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
  readonly registryHosts: readonly string[];
  readonly injectAll: boolean;
}

/** The webhook that injects into a namespace with these labels, else any webhook of ours; and its release. */
export function chooseWebhook(
  configurations: readonly WebhookConfiguration[],
  labels: Readonly<Record<string, string>>,
): { readonly webhook: Webhook | undefined; readonly release: Release } {
  const ours = configurations.flatMap(({ metadata, webhooks = [] }) =>
    webhooks.filter(({ name }) => name === WEBHOOK_NAME).map((webhook) => ({ metadata, webhook })),
  );
  const selects = ({ webhook }: { readonly webhook: Webhook }): boolean =>
    requirementsOf(webhook.namespaceSelector ?? {}).every((requirement) => fulfils(labels, requirement));
  const chosen = ours.find(selects) ?? ours[0];
  const service = chosen?.webhook.clientConfig?.service;
  return {
    webhook: chosen?.webhook,
    release: {
      name: service?.name ?? PRODUCT_NAME,
      namespace: service?.namespace ?? PRODUCT_NAME,
      helmName: chosen?.metadata.labels?.['app.kubernetes.io/instance'] ?? PRODUCT_NAME,
    },
  };
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
    registryHosts: parseRegistryHosts(variables.get('REGISTRY_HOSTS') ?? ''),
    injectAll: variables.get('INJECT_ALL') === 'true',
  };
}
