import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { ECR_IMAGE, type InjectionCase } from './case.ts';
import { LATE_IMAGES, METADATA, NAMESPACES } from './places.ts';
import { ALL_PODS, CONTAINERS, PULL_SECRETS } from './pods.ts';
import { DOCKER_HUB, FURTHER_HOSTS, REGISTRIES } from './registries.ts';

/** Cases that want the same values of the chart. */
export interface InjectionGroup {
  readonly name: string;
  /** The chart's values. */
  readonly values: { readonly excludeNamespace?: string; readonly injection?: Manifest };
  /** An image that is injected only with these values, so that they count once it is. */
  readonly sentinel: string;
  readonly cases: readonly InjectionCase[];
}

/** A text as people write it, with every separator and both wildcards. */
const EXCLUDE_NAMESPACE = ' closed;private-*,\nteam-?';

/** Each pod that the product has an opinion about. */
export const INJECTION_GROUPS: readonly InjectionGroup[] = [
  {
    name: 'with the defaults and excluded namespaces',
    values: { excludeNamespace: EXCLUDE_NAMESPACE },
    sentinel: ECR_IMAGE,
    cases: [...REGISTRIES, ...CONTAINERS, ...PULL_SECRETS, ...METADATA, ...NAMESPACES, ...LATE_IMAGES],
  },
  {
    name: 'with further registry hosts',
    values: {
      injection: {
        registryHosts: [
          'Cache.example.com',
          'mirror.example.com:5000',
          '[fd00::1]:5000',
          'public.ecr.aws',
          'plain',
          'localhost',
        ],
      },
    },
    sentinel: 'cache.example.com/app',
    cases: FURTHER_HOSTS,
  },
  {
    name: 'with Docker Hub as a further host',
    values: { injection: { registryHosts: 'docker.io' } },
    sentinel: 'nginx',
    cases: DOCKER_HUB,
  },
  {
    name: 'with all pods',
    values: { excludeNamespace: EXCLUDE_NAMESPACE, injection: { injectAll: true } },
    sentinel: 'ghcr.io/app',
    cases: ALL_PODS,
  },
];
