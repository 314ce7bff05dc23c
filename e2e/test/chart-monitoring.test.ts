import { readFile } from 'node:fs/promises';
import { lateMsOf } from '@ecr-pull-secrets/cli/status/late-certificate.ts';
import t from 'tap';
import { startChart } from './support/chart.ts';
import { EVERY_SWITCH } from './support/every-switch.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';

const { render } = await startChart(t);

const HOUR_MS = 3_600_000;

const MONITORING_PAGE = new URL('../../docs/monitoring.md', import.meta.url);

interface Rule extends KubeObject {
  readonly spec: { readonly groups: readonly { readonly rules: readonly Alert[] }[] };
}

interface Alert {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

async function alertsWith(...settings: readonly string[]): Promise<readonly Alert[]> {
  const rendered = await render('--set', 'prometheusRule.enabled=true,podMonitor.enabled=true', ...settings);
  const rule = readManifest(rendered).find((one): one is Rule => one.kind === 'PrometheusRule');
  return rule?.spec.groups.flatMap(({ rules }) => rules) ?? [];
}

/** With how many hours left a serving certificate and a CA count as not renewed. */
async function lateIn(...settings: readonly string[]): Promise<readonly number[]> {
  const alerts = await alertsWith(...settings);
  return ['CertificateExpiring', 'CaExpiring'].map((name) => {
    const expr = alerts.find(({ alert }) => alert === `EcrPullSecrets${name}`)?.expr ?? '';
    return Number(/< (\d+)$/.exec(expr)?.[1]) / 3600;
  });
}

t.test('each alert has a summary, a description and a runbook, and is on the page', async (t) => {
  const page = await readFile(MONITORING_PAGE, 'utf8');
  const alerts = await alertsWith('--set', 'prometheusRule.runbookUrl=https://wiki.example/docs/monitoring.md');
  const headings = [...page.matchAll(/^### (EcrPullSecrets\w+)$/gm)].map(([, name]) => name);
  t.same(new Set(alerts.map(({ alert }) => alert)), new Set(headings));
  for (const { alert = '', expr, labels, annotations = {} } of alerts) {
    t.match(labels, { severity: /^(critical|warning|info)$/ }, alert);
    t.match(annotations['summary'], /\.$/);
    t.match(annotations['description'], /\.$/);
    t.equal(annotations['runbook_url'], `https://wiki.example/docs/monitoring.md#${alert.toLowerCase()}`);
    t.notMatch(expr, /[A-Z]{3}_/, 'nothing is left to be put in');
  }
});

t.test('without an address of the runbooks no alert has one', async (t) => {
  for (const { annotations } of await alertsWith()) t.notHas(annotations, { runbook_url: String });
});

async function namesWith(...settings: readonly string[]): Promise<readonly (string | undefined)[]> {
  return (await alertsWith(...settings)).map(({ alert }) => alert);
}

t.test('only with a monitor of the chart there is an alert that nothing is scraped', async (t) => {
  const none = await namesWith('--set', 'podMonitor.enabled=false');
  t.notOk(none.includes('EcrPullSecretsNotScraped'));
  t.ok(none.includes('EcrPullSecretsNoLeader'));
  const service = await namesWith('--set', 'podMonitor.enabled=false,serviceMonitor.enabled=true');
  t.ok(service.includes('EcrPullSecretsNotScraped'));
});

t.test('the schema accepts the names of all alerts, and rejects a misspelt one', async (t) => {
  const all = (await alertsWith()).map(({ alert }) => alert);
  t.same(await alertsWith('--set-json', `prometheusRule.disabled=${JSON.stringify(all)}`), []);
  await t.rejects(alertsWith('--set', 'prometheusRule.disabled={EcrPullSecretsNoLeaders}'), {
    message: /at '\/prometheusRule\/disabled\/0': value must be one of .*'EcrPullSecretsNoLeader'/,
  });
});

t.test('monitors can be in another namespace, from which they select the pods in ours', async (t) => {
  for (const kind of ['PodMonitor', 'ServiceMonitor', 'PrometheusRule']) {
    const key = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`;
    const monitor = async (namespace: string) => {
      const settings = ['--set', `${key}.enabled=true,${key}.namespace=${namespace}`];
      return readManifest(await render(...settings)).find((one) => one.kind === kind);
    };
    const selected = kind === 'PrometheusRule' ? undefined : { matchNames: ['ecr-pull-secrets'] };
    t.match(await monitor('monitoring'), {
      metadata: { namespace: 'monitoring' },
      spec: { namespaceSelector: selected },
    });
    t.match(await monitor(''), { metadata: { namespace: 'ecr-pull-secrets' }, spec: { namespaceSelector: undefined } });
  }
});

t.test(
  'without an interval that of Prometheus applies, and the port of an endpoint is always that of the chart',
  async (t) => {
    for (const key of ['podMonitor', 'serviceMonitor']) {
      const endpoints = async (settings: object) => {
        const set = JSON.stringify({ enabled: true, ...settings });
        const all = readManifest(await render('--set-json', `${key}=${set}`));
        const { spec } = Object(all.find(({ kind }) => kind.toLowerCase() === key.toLowerCase()));
        return spec.podMetricsEndpoints ?? spec.endpoints;
      };
      t.match(await endpoints({}), [{ interval: '30s' }, { interval: '30s' }]);
      for (const interval of ['', null]) {
        t.match(await endpoints({ interval }), [{ interval: undefined }, { interval: undefined }]);
      }
      const own = { port: 'theirs', path: '/federate', interval: '1m' };
      t.match(await endpoints({ interval: '1d12h', endpoint: own }), [
        { port: 'renewer-ops', path: '/federate', interval: '1m' },
        { port: 'webhook-ops' },
      ]);
    }
  },
);

t.test('alerts can be omitted, labelled and added', async (t) => {
  const rules = await alertsWith(
    '--set-json',
    `prometheusRule=${JSON.stringify({ ...Object(EVERY_SWITCH['prometheusRule']), runbookUrl: 'https://wiki.example' })}`,
  );
  const names = rules.map(({ alert, record }) => alert ?? record);
  t.notOk(names.includes('EcrPullSecretsWebhookSlow'));
  t.equal(names.at(-1), 'ours:leaders');
  t.match(rules[0], {
    labels: { team: 'platform', severity: 'page' },
    annotations: { runbook_url: 'https://wiki.example#ecrpullsecretsnotscraped' },
  });
});

t.test(
  'a certificate counts as not renewed when a quarter of its lifetime is left, in alerts and for status',
  async (t) => {
    const cases: readonly (readonly [settings: string, hours: readonly number[], lives?: readonly [string, number]])[] =
      [
        ['', [168 / 4, 8760 / 4], ['self-managed', 168]],
        ['tls.selfManaged.servingLifetime=1h30m', [1.5 / 4, 8760 / 4], ['self-managed', 1.5]],
        ['tls.mode=cert-manager', [2160 / 4, 14 * 24], ['cert-manager', 2160]],
        // No object that `status` reads has this value.
        ['tls.mode=cert-manager,tls.certManager.renewBefore=48h', [36, 14 * 24]],
        ['tls.mode=existing-secret,tls.existingSecret=x', [336, 336], ['existing-secret', 2160]],
      ];
    for (const [settings, hours, [mode, servingHours] = []] of cases) {
      t.same(await lateIn(...(settings === '' ? [] : ['--set', settings])), hours, settings);
      if (mode === undefined || servingHours === undefined) continue;
      const late = [lateMsOf(mode, 'serving', servingHours * HOUR_MS), lateMsOf(mode, 'ca', 8760 * HOUR_MS)];
      t.same(
        late,
        hours.map((each) => each * HOUR_MS),
      );
    }
  },
);

t.test('without a webhook its metrics are not scraped', async (t) => {
  const switches = ['podMonitor', 'serviceMonitor', 'networkPolicy'].flatMap((name) => [
    '--set',
    `${name}.enabled=true`,
  ]);
  t.match(await render(...switches), /webhook-ops/);
  t.notMatch(await render(...switches, '--set', 'injection.mode=none'), /webhook-ops|9402|10250/);
});

t.test('the dashboard is valid for Grafana', async (t) => {
  const rendered = await render('--set', 'grafanaDashboard.enabled=true');
  const object = readManifest(rendered).find(({ metadata }) => metadata.name.endsWith('-dashboard'));
  const { data } = { data: {}, ...object } as { data: Record<string, string> };
  t.match(object, { metadata: { labels: { grafana_dashboard: '1' } } });
  const dashboard = JSON.parse(data['ecr-pull-secrets.json'] ?? '');
  const ids = dashboard.panels.map(({ id }: { id: number }) => id);
  t.equal(new Set(ids).size, ids.length);
});
