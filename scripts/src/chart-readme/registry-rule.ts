import { fileURLToPath } from 'node:url';
import { REGISTRY_RULE } from '@ecr-pull-secrets/renewer/credentials/registries/registry-rule.ts';

/** The chart's copy of the rule, by which it refuses what the renewer would refuse. */
export const REGISTRY_RULE_FILE = fileURLToPath(new URL('../../../chart/registry-rule.json', import.meta.url));

/** What belongs into that file. */
export function registryRuleText(): string {
  return `${JSON.stringify(REGISTRY_RULE, undefined, 2)}\n`;
}
