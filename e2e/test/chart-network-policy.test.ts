import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';
import { EVERY_SWITCH } from './support/every-switch.ts';
import { helmTestName } from './support/helm-test-name.ts';

const { notes, objects } = await startChart(t);

const NAME = 'ecr-pull-secrets';
const POLICY = `NetworkPolicy ${NAME}`;
const EVERYTHING = settingsOf(EVERY_SWITCH);
const CRON_JOB = ['--set', 'cronjob.enabled=true'];

/** The egress of each pod with every switch enabled. */
const EGRESS = [
  { ports: [{ port: 53, protocol: 'UDP' }, { port: 53 }, { port: 1053, protocol: 'UDP' }, {}] },
  { ports: [{ port: 443 }, { port: 8443 }], to: undefined },
  { ports: [{ port: 80 }], to: [{ ipBlock: { cidr: '169.254.169.254/32' } }] },
  { ports: [{ port: 3128 }] },
];

function selecting(name: string) {
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': NAME };
  return { podSelector: { matchLabels: labels }, policyTypes: ['Ingress', 'Egress'] };
}

t.test('everybody may connect to the webhook, and the pods to what they need', async (t) => {
  const monitoring = { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } };
  t.match((await objects(...EVERYTHING))[POLICY], {
    spec: {
      ...selecting(NAME),
      ingress: [
        { ports: [{ port: 10_250 }], from: undefined },
        { ports: [{ port: 9403 }, { port: 9402 }], from: [{ namespaceSelector: monitoring }] },
        { ports: [{ port: 9999 }] },
      ],
      egress: EGRESS,
    },
  });
});

t.test('it lets no peer scrape metrics unless metricsFrom names one', async (t) => {
  const on = ['--set', 'networkPolicy.enabled=true'];
  // A pattern of a list would match a longer one.
  const webhookAlone = { length: 1, 0: { ports: [{ port: 10_250 }] } };
  t.match((await objects(...on))[POLICY], {
    spec: { ...selecting(NAME), ingress: webhookAlone },
  });
  // Without a webhook no peer is let in; a rule without peers would let in all.
  t.match((await objects(...on, '--set', 'injection.mode=none'))[POLICY], {
    spec: { ...selecting(NAME), ingress: undefined },
  });
});

t.test('the notes report that Prometheus cannot scrape the metrics', async (t) => {
  const monitored = ['--set', 'networkPolicy.enabled=true,podMonitor.enabled=true'];
  const peers = ['--set-json', 'networkPolicy.metricsFrom=[{"namespaceSelector":{}}]'];
  t.match(await notes(...monitored), 'Prometheus cannot scrape the metrics');
  t.notMatch(await notes(...monitored, ...peers), 'Prometheus cannot scrape the metrics');
});

t.test('DNS and API servers are reachable at the ports of their Services and at those behind them', async (t) => {
  const dns = [53, 5353, 8053].flatMap((port) => [{ port, protocol: 'UDP' }, { port }]);
  const others = [443, 6443, 8443, 16_443].map((port) => ({ port }));
  const older = ['--set', 'networkPolicy.dnsPorts=null'];
  for (const settings of [[], older]) {
    const policy = (await objects('--set', 'networkPolicy.enabled=true', ...settings))[POLICY];
    t.strictSame(policy?.['spec'], {
      ...selecting(NAME),
      ingress: [{ ports: [{ port: 10_250 }] }],
      egress: [{ ports: dns }, { ports: others }],
    });
  }
});

t.test('the pod of helm test has a network policy of its own, which is created and deleted with it', async (t) => {
  t.match((await objects(...EVERYTHING))[`NetworkPolicy ${helmTestName()}`], {
    metadata: { annotations: { 'helm.sh/hook': 'test', 'helm.sh/hook-weight': '-2' } },
    spec: { ...selecting(`${NAME}-test`), ingress: undefined, egress: EGRESS },
  });
});

t.test('a CronJob’s pods may connect, and no peer connects to them', async (t) => {
  const all = await objects(...EVERYTHING, ...CRON_JOB);
  t.match(all[POLICY], {
    spec: { ...selecting(`${NAME}-cronjob`), ingress: undefined, egress: EGRESS },
  });
  t.same(
    Object.keys(all).filter((key) => key.startsWith('NetworkPolicy')),
    [POLICY],
  );
});
