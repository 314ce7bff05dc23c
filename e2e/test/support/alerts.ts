import type { Chart } from './chart.ts';
import { type KubeObject, readManifest } from './manifest.ts';

/** A rule that Prometheus evaluates. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface PrometheusRule extends KubeObject {
  readonly spec: { readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[] };
}

/** The content of a file of rules for Prometheus, as its operator makes it of the chart's PrometheusRule. */
export interface RuleFile {
  readonly groups: PrometheusRule['spec']['groups'];
}

/** The alerts as a user has them who enables all of them. */
export async function renderAlerts({ render }: Pick<Chart, 'render'>): Promise<RuleFile> {
  const rendered = await render('--set', 'prometheusRule.enabled=true,podMonitor.enabled=true');
  const rule = readManifest(rendered).find((one): one is PrometheusRule => one.kind === 'PrometheusRule');
  return { groups: rule?.spec.groups ?? [] };
}

/** The rules of all groups. */
export function alertsOf({ groups }: RuleFile): readonly AlertRule[] {
  return groups.flatMap(({ rules }) => rules);
}
