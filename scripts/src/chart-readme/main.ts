/** `npm run chart-readme`: writes anew what the chart has of the code and of its own values. */
import { writeFile } from 'node:fs/promises';
import { CHART_FILE, chartFileWithIcon } from './icon.ts';
import { CHART_README, chartReadme } from './readme.ts';
import { REGISTRY_RULE_FILE, registryRuleText } from './registry-rule.ts';

await writeFile(CHART_README, await chartReadme());
await writeFile(CHART_FILE, await chartFileWithIcon());
await writeFile(REGISTRY_RULE_FILE, registryRuleText());
