import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensurePrometheus } from '@ecr-pull-secrets/testbed/prometheus/binaries.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import t from 'tap';
import { parse } from 'yaml';
import { type AlertRule, alertsOf, renderAlerts } from './support/alerts.ts';
import { startChart } from './support/chart.ts';

/** What an alert does with given metrics; see the file. */
interface AlertCase {
  readonly why: string;
  readonly series: Readonly<Record<string, string | number>>;
  readonly at: string;
  readonly fires?: readonly { readonly labels: Readonly<Record<string, string>>; readonly description: string }[];
}

const CASES: Readonly<Record<string, readonly AlertCase[]>> = parse(
  await readFile(new URL('alerts/cases.yaml', import.meta.url), 'utf8'),
);

const found = await ensurePrometheus({ progress: progressToStderr, environment: process.env });
const skip = 'missing' in found ? found.missing : false;
const promtool = 'missing' in found ? '' : found.promtool;

const ruleFile = await renderAlerts(await startChart(t));
const alerts = alertsOf(ruleFile);
const directory = t.testdir();
// JSON is YAML.
await writeFile(join(directory, 'alerts.yaml'), JSON.stringify(ruleFile));

t.test('each alert has a case in which it fires, and one in which it stays quiet', async (t) => {
  t.same(new Set(Object.keys(CASES)), new Set(alerts.map(({ alert }) => alert)));
  for (const [alert, cases] of Object.entries(CASES)) {
    t.ok(
      cases.some(({ fires }) => fires),
      `${alert} fires`,
    );
    t.ok(
      cases.some(({ fires }) => !fires),
      `${alert} stays quiet`,
    );
  }
});

t.test('promtool accepts the rules', { skip }, async (t) => {
  t.match(await runPromtool('check', 'rules', 'alerts.yaml'), new RegExp(`SUCCESS: ${alerts.length} rules found`));
});

t.test('promtool fires each alert in its cases, and in no other', { skip }, async (t) => {
  const tests = alerts.flatMap((rule) => (CASES[rule.alert] ?? []).map((one) => promtoolTest(rule, one)));
  t.ok(tests.length >= 2 * alerts.length, `${tests.length} cases`);
  await writeFile(join(directory, 'tests.yaml'), JSON.stringify({ rule_files: ['alerts.yaml'], tests }));
  t.match(await runPromtool('test', 'rules', 'tests.yaml'), /SUCCESS/);
});

function promtoolTest({ alert, labels, annotations }: AlertRule, { why, series, at, fires = [] }: AlertCase) {
  return {
    name: `${alert}: ${why}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values: String(values) })),
    alert_rule_test: [
      {
        eval_time: at,
        alertname: alert,
        exp_alerts: fires.map((one) => ({
          exp_labels: { ...labels, ...one.labels },
          exp_annotations: { ...annotations, description: one.description },
        })),
      },
    ],
  };
}

/** @throws with what it printed, which names the case that differs */
async function runPromtool(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(promtool, args, { cwd: directory }).catch((error: unknown) => {
    throw new Error(String(Object(error).stdout) + String(Object(error).stderr), { cause: error });
  });
  return stdout;
}
