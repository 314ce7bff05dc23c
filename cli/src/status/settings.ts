import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { DEFAULT_NAMESPACE_SELECTOR, DEFAULT_PULL_SECRET_NAME, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import { parseRegistryList } from '@ecr-pull-secrets/renewer/credentials/registries/registry-key.ts';
import { type LabelSelector, parseLabelSelector } from '@ecr-pull-secrets/renewer/pull-secrets/cache/label-selector.ts';
import type { Workload } from './workload.ts';

/** The settings of a release that decide what must be in the cluster. */
export type Settings = Readonly<ReturnType<typeof settingsOf>>;

/** Labels do not count for a CronJob, which renews `default` if nothing else is named. */
const NO_LABELS: LabelSelector = { keys: [], requiredKeys: [], matches: () => false };

/** The settings in the environment of a container of the renewer. What is not there has its default. */
export function settingsOf(environment: Environment, kind: Workload['kind'] = 'Deployment') {
  const text = (name: string, value: string): string => environment[name] || value;
  const selector = text('NAMESPACE_SELECTOR', DEFAULT_NAMESPACE_SELECTOR);
  const isCronJob = kind === 'CronJob';
  return {
    secretName: text('DOCKER_SECRET_NAME', DEFAULT_PULL_SECRET_NAME),
    rule: {
      selector: isCronJob ? NO_LABELS : parseLabelSelector(selector),
      target: parseNamespacePattern(text('TARGET_NAMESPACE', isCronJob ? 'default' : '')),
      exclude: parseNamespacePattern(text('EXCLUDE_NAMESPACE', '')),
    },
    /** As text, for a person. */
    selector,
    /** `none` without a webhook. */
    tlsMode: isCronJob ? 'none' : text('TLS_MODE', 'self-managed'),
    isFenced: text('FENCE', 'on') !== 'off',
    /** `AWS_REGION`; `undefined` if it comes from a Secret. */
    region: environment['AWS_REGION'] || undefined,
    /** As one text in the Deployment. */
    registryHosts: parseRegistryList(text('DOCKER_REGISTRIES', '')),
    /** Whether there is a ConfigMap, which may have the registries. */
    hasConfigFile: text('CONFIG_FILE', '') !== '',
  };
}

/** The environment of the renewer in a workload. */
export function environmentOf({ containers }: Workload): Environment {
  const renewer = containers.find(({ name }) => name !== 'webhook');
  return Object.fromEntries((renewer?.env ?? []).map(({ name, value }) => [name, value]));
}

/** Where the container of a release runs that runs this command; `undefined` outside of one. */
export function ownPlaceIn({ POD_NAMESPACE: namespace, SERVICE_NAME, POD_NAME }: Environment) {
  return namespace && POD_NAME ? { namespace, name: SERVICE_NAME || PRODUCT_NAME } : undefined;
}
