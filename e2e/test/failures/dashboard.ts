import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Test } from 'tap';
import { alertsOf, renderAlerts } from '../support/alerts.ts';
import { startChart } from '../support/chart.ts';
import type { FailureWorld } from './world.ts';

const DASHBOARD = new URL('../../../chart/dashboards/ecr-pull-secrets.json', import.meta.url);

/** Metrics that nothing here has set, and why. */
const WITHOUT_DATA: Readonly<Record<string, string>> = {
  apiserver_admission_webhook_rejection_count: 'failurePolicy is Ignore, so no pod is rejected',
  apiserver_mutating_admission_policy_check_total: 'injection.mode is webhook',
};

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Each query is evaluated by the Prometheus that scraped the failures. */
export async function testDashboard(t: Test, { prometheus }: FailureWorld): Promise<void> {
  if (!prometheus) return;
  const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(await readFile(DASHBOARD, 'utf8'));
  for (const { title, targets = [] } of panels) {
    for (const { expr } of targets) {
      // As Grafana replaces them for all namespaces, and an interval of scrapes of a second.
      const query = expr.replaceAll('$namespace', '.*').replaceAll('$__rate_interval', '1m');
      await eventually(`${title}: ${expr}`, async () => {
        const samples = await prometheus.query(query);
        assert.ok(samples.length > 0 || isWithoutData(expr), 'it has no data');
      });
    }
  }
  const rules = await prometheus.rules();
  const alerts = alertsOf(await renderAlerts(await startChart(t)));
  t.same(
    rules.map(({ name, health, lastError }) => [name, health, lastError]),
    alerts.map(({ alert }) => [alert, 'ok', undefined]),
  );
  for (const { alert, expr } of alerts) {
    for (const selector of selectorsOf(expr)) {
      const samples = await prometheus.query(`count(${selector})`);
      t.equal(samples.length > 0, !isWithoutData(selector), `${alert} has data: ${selector}`);
    }
  }
}

/** The metrics of an expression, with the values of labels that they must have. */
function selectorsOf(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:ecr_pull_secrets|apiserver)_\w+(?:\{[^}]*\})?/g)].map(([selector]) => selector);
}

function isWithoutData(expression: string): boolean {
  return Object.keys(WITHOUT_DATA).some((metric) => expression.includes(metric));
}
