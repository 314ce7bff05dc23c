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

/** Proxies in the values, and the ports that the policy allows besides those of AWS and the API server. */
const PROXIES: readonly (readonly [Readonly<Record<string, unknown>>, readonly number[]])[] = [
  [{ httpsProxy: 'http://proxy.example.com:3128' }, [3128]],
  [{ httpsProxy: 'http://me:p%25ss:1@proxy.example.com:3128/x?a=:9' }, [3128]],
  [{ httpsProxy: 'proxy.example.com' }, [80]],
  [{ httpsProxy: 'http://proxy.example.com:' }, [80]],
  [{ httpsProxy: 'HTTPS://proxy.example.com', httpProxy: 'http://[fd00::1]:08080' }, [8080]],
  [{ httpsProxy: 'http://[fd00::1]' }, [80]],
  [{ httpsProxy: 'http://$(PROXY_HOST):3128' }, []],
  [{ existingSecret: 'mine' }, []],
  [{ noProxy: '10.0.0.0/8,fd00::1,.svc,a.example:8444,[fd00::1]:8445' }, [8444, 8445]],
  [{ httpsProxy: 'http://proxy.example.com:6443', noProxy: ['a.example:8444', 'b.example'] }, [8444]],
];

t.test('it allows the ports of the proxies, and those in noProxy', async (t) => {
  const on = { 'networkPolicy.enabled': true };
  for (const [proxy, ports] of PROXIES) {
    const settings = settingsOf({ ...on, proxy });
    const { egress } = Object((await objects(...settings))[POLICY]?.['spec']);
    const allowed = [443, 6443, 8443, 16_443, ...ports].map((port) => ({ port }));
    t.strictSame(egress[1], { ports: allowed }, JSON.stringify(proxy));
    const isUnknown = 'existingSecret' in proxy || /\$\(/.test(JSON.stringify(proxy));
    const sentence = 'The port of the proxy is not in the values';
    for (const mode of [[], [...CRON_JOB, '--set', 'targetNamespace=a']]) {
      t.equal((await notes(...settings, ...mode)).includes(sentence), isUnknown, JSON.stringify(proxy));
    }
  }
  const twice = await objects(
    '--set',
    'networkPolicy.enabled=true,networkPolicy.egressPorts={443,3128},proxy.httpsProxy=a:3128',
  );
  t.match(Object(twice[POLICY]?.['spec']).egress[1].ports, { length: 2 }, 'each port is there once');
  t.notMatch(await notes('--set', 'proxy.existingSecret=mine'), 'The port of the proxy', 'without a policy');
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
