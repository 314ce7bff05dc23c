import type { RefusedRegistry } from '../token-plan.ts';
import type { Registry } from './registries.ts';
import { isEcrKey, quoteKey } from './registry-key.ts';

/** Warnings about registries that are allowed, a sentence for each. */
export function registryWarnings(
  registries: readonly Registry[],
  refused: readonly RefusedRegistry[],
): readonly string[] {
  const unnamed = registries.filter(({ host, tokenOf }) => !tokenOf && !isEcrKey(host));
  const capital = registries.filter(({ host }) => /[A-Z]/.test(host));
  return [
    ...refused.map(({ key, reason }) => `registry ${quoteKey(key)} ${reason}`),
    ...unnamed.map(({ host }) => `registry ${quoteKey(host)} ${NO_ECR_HOST}`),
    ...capital.map(({ host }) => `registry ${quoteKey(host)} ${CAPITALS}`),
  ];
}

const NO_ECR_HOST =
  'is no host of ECR, and gets the token of the first host of ECR in the list, else that of AWS_REGION: make sure that it is a proxy or an alias of that registry. The list form of "registries", in the chart and in CONFIG_FILE, says by tokenOf which registry is behind it';

const CAPITALS = 'has capitals, so it covers only images that are written with the same ones';
