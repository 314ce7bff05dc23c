import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';
import { type Container, containersIn } from './support/containers.ts';
import { EVERY_SWITCH, EXISTING, POD_LABELS } from './support/every-switch.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';

const { helm, lint, path: chart, render } = await startChart(t);

/** The oldest version of Kubernetes with MutatingAdmissionPolicies in v1. */
const WITH_POLICIES = ['--kube-version', '1.36.0'];

const EVERYTHING = settingsOf(EVERY_SWITCH);

const PROFILES: Readonly<Record<string, readonly string[]>> = {
  defaults: [],
  'every switch': EVERYTHING,
  'no switch that is on': settingsOf({
    podDisruptionBudget: { enabled: false },
    helmTest: { enabled: false },
    nodeSelector: null,
    podSecurityContext: null,
    securityContext: null,
  }),
  'the network of the host': ['--set', 'hostNetwork=true,webhook.port=10260'],
  'two families': ['--set', 'service.ipFamilyPolicy=RequireDualStack,service.ipFamilies={IPv6,IPv4}'],
  'cert-manager': ['--set', 'tls.mode=cert-manager', ...EVERYTHING],
  'existing-secret': ['--set', 'tls.mode=existing-secret,tls.existingSecret=mine'],
  policy: ['--set', 'injection.mode=policy', ...WITH_POLICIES, ...EVERYTHING],
  both: ['--set', 'injection.mode=both', ...WITH_POLICIES, ...EVERYTHING],
  'no injection': [...EVERYTHING, '--set', 'injection.mode=none'],
  cronjob: ['--set', 'cronjob.enabled=true', ...EVERYTHING],
  'the old tool': ['--values', `${chart}/profiles/k8s-ecr-login-renew.yaml`],
};

for (const [name, settings] of Object.entries(PROFILES)) {
  t.test(`${name}: lints strictly, and renders the same bytes twice`, async (t) => {
    t.match(await lint(...settings), /0 chart\(s\) failed/);
    const rendered = await render(...settings);
    t.equal(await render(...settings), rendered);
    t.ok(readManifest(rendered).length > 0);
  });
}

t.test('docs/gitops.md lists every cluster-scoped kind of the chart', async (t) => {
  const profiles = [PROFILES['every switch'], PROFILES['both']].map((settings = []) =>
    render(...settings, ...settingsOf({ optInPolicy: { enabled: true } })),
  );
  const objects = (await Promise.all(profiles)).flatMap(readManifest);
  const clusterWide = objects.filter(({ metadata }) => metadata.namespace === undefined);
  const page = await readFile(new URL('../../docs/gitops.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^ {2}- \{ group: .*, kind: (\w+) \}$/gm)].map(([, kind = '']) => kind);
  // The Namespace is created by `--create-namespace` of Helm.
  const kinds = new Set(['Namespace', ...clusterWide.map(({ kind }) => kind)]);
  t.same(new Set(listed), kinds);
});

t.test('each switch renders its own objects', async (t) => {
  const defaults = await render();
  for (const [key, value] of Object.entries(EVERY_SWITCH)) {
    t.not(await render(...settingsOf({ [key]: value })), defaults, key);
  }
});

interface Deployment extends KubeObject {
  readonly spec: {
    readonly selector: unknown;
    readonly strategy: unknown;
    readonly template: {
      readonly metadata: KubeObject['metadata'];
      readonly spec: Readonly<Record<string, unknown>> & {
        readonly containers: readonly Container[];
      };
    };
  };
}

async function objectOf<T extends KubeObject>(kind: string, ...settings: readonly string[]): Promise<T> {
  const object = readManifest(await render(...settings)).find((one): one is T => one.kind === kind);
  assert.ok(object, kind);
  return object;
}

async function containersOf(...settings: readonly string[]): Promise<readonly Container[]> {
  return containersIn(readManifest(await render(...settings)));
}

/** The value of a variable of a container. */
function variable(containers: readonly Container[], container: string, name: string): unknown {
  return containers.find((one) => one.name === container)?.env.find((one) => one.name === name)?.value;
}

t.test('pods are placed, named and secured as the values say', async (t) => {
  const { spec } = await objectOf<Deployment>('Deployment', ...EVERYTHING);
  t.match(spec, {
    revisionHistoryLimit: 1,
    strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 2 } },
  });
  const ours = {
    'app.kubernetes.io/name': 'ecr-pull-secrets',
    'app.kubernetes.io/instance': 'ecr-pull-secrets',
  };
  t.same(spec.selector, { matchLabels: ours });
  t.match(spec.template.metadata.labels, { ...ours, team: 'platform', cost: 'shared' });
  t.match(spec.template.metadata.annotations, {
    'example.com/note': 'x',
    'eks.amazonaws.com/skip-containers': 'webhook,x,y',
    'checksum/config': /^\w{64}$/,
  });
  t.match(spec.template.spec, {
    serviceAccountName: EXISTING.serviceAccount,
    imagePullSecrets: [{ name: 'umbrella' }, { name: 'one' }, { name: 'two' }],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10_000,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    nodeSelector: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    affinity: { podAntiAffinity: {} },
    tolerations: [{ key: 'spot', operator: 'Exists' }],
    topologySpreadConstraints: [{ maxSkew: 2, labelSelector: { matchLabels: ours } }],
    priorityClassName: EXISTING.priorityClass,
    dnsPolicy: 'ClusterFirst',
    dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
    // The drain, the reviews in flight, and a margin.
    terminationGracePeriodSeconds: 15 + 10 + 10,
    automountServiceAccountToken: false,
  });
  for (const container of spec.template.spec.containers) {
    t.match(container, {
      securityContext: {
        runAsGroup: 10_000,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      },
    });
  }
});

t.test('hostNetwork sets the DNS policy of the cluster, and Recreate has no further fields', async (t) => {
  const host = await objectOf<Deployment>('Deployment', ...(PROFILES['the network of the host'] ?? []));
  t.match(host.spec.template.spec, { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
  const { spec } = await objectOf<Deployment>('Deployment', '--set', 'updateStrategy.type=Recreate');
  t.same(spec.strategy, { type: 'Recreate' });
});

t.test('a digest overrides a tag', async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`;
  const containers = await containersOf('--set', `image.digest=${digest},image.tag=x`);
  for (const { image } of containers) t.match(image, new RegExp(`/ecr-pull-secrets@${digest}$`));
});

t.test('the old space of V8 is a third of the memory limit, and NODE_OPTIONS of extraEnv are added', async (t) => {
  const heaps = async (quantity: string) => {
    const containers = await containersOf(
      '--set-json',
      `renewer.resources={"requests":{"memory":"64Mi"},"limits":${quantity}}`,
    );
    return variable(containers, 'renewer', 'NODE_OPTIONS');
  };
  const defaults = await containersOf();
  t.equal(variable(defaults, 'webhook', 'NODE_OPTIONS'), '--max-old-space-size=128 --max-semi-space-size=1');
  t.equal(variable(defaults, 'renewer', 'NODE_OPTIONS'), '--max-old-space-size=170 --max-semi-space-size=1');
  t.equal(await heaps('{"memory":"1.5Gi"}'), '--max-old-space-size=512 --max-semi-space-size=4');
  t.equal(await heaps('{"memory":"600M"}'), '--max-old-space-size=190 --max-semi-space-size=1');
  t.equal(await heaps('{"memory":402653184}'), '--max-old-space-size=128 --max-semi-space-size=1');
  t.equal(await heaps('{"memory":"1Ti"}'), '--max-old-space-size=349525 --max-semi-space-size=16');
  t.equal(await heaps('{"memory":"+.5Gi"}'), '--max-old-space-size=170 --max-semi-space-size=1');
  t.equal(await heaps('{"memory":"402653184000m"}'), '--max-old-space-size=128 --max-semi-space-size=1');
  t.equal(
    await heaps('{"memory":"128Mi"}'),
    '--max-old-space-size=64 --max-semi-space-size=1',
    'it cannot do with less',
  );
  t.equal(await heaps('null'), undefined, 'without a limit');
  const configured = await containersOf(...EVERYTHING);
  t.equal(
    variable(configured, 'webhook', 'NODE_OPTIONS'),
    '--max-old-space-size=170 --max-semi-space-size=1 --max-old-space-size=100',
    'the last one counts for Node',
  );
  const fromSecret = { name: 'NODE_OPTIONS', valueFrom: { secretKeyRef: { name: 'mine', key: 'options' } } };
  const [webhook] = await containersOf(...settingsOf({ 'webhook.extraEnv': [fromSecret] }));
  t.same(
    webhook?.env.filter(({ name }) => name === 'NODE_OPTIONS'),
    [fromSecret],
    'a text cannot be added to it',
  );
});

const CRON_JOB = ['--set', 'cronjob.enabled=true'];

/** Every kind of pod, with every variable that it may have. */
const ALL_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['--set', 'tls.mode=existing-secret,tls.existingSecret=mine'],
  CronJob: ['--set', 'cronjob.enabled=true'],
};

t.test('extraEnv overrides each of our variables except NODE_OPTIONS, and all are unique', async (t) => {
  const everything = [...EVERYTHING, ...settingsOf({ aws: { secretName: 'mine' }, registries: 'a.example' })];
  for (const [kind, own] of Object.entries(ALL_VARIABLES)) {
    for (const { name: container, env } of await containersOf(...everything, ...own)) {
      const names = env.map(({ name }) => name);
      const mine = names.map((name) => ({ name, value: 'mine' }));
      const key = container === 'webhook' ? 'webhook' : 'renewer';
      const replaced = await containersOf(...everything, ...own, ...settingsOf({ [`${key}.extraEnv`]: mine }));
      const { env: now } = replaced.find(({ name }) => name === container) ?? {};
      const replacedOnly = now?.map((one) => ({ ...one, value: one.value?.replace(/^--max-.* /, '') }));
      t.same(new Set(replacedOnly), new Set(mine), `${kind}, ${container}: ${names.join(' ')}`);
      t.equal(now?.length, mine.length);
    }
  }
});

t.test('the variables of ConfigMaps and Secrets can be added', async (t) => {
  const [a, b] = ['a', 'b'].map((name) => [{ secretRef: { name } }]);
  const settings = settingsOf({
    awsRegion: null,
    'webhook.extraEnvFrom': a,
    'renewer.extraEnvFrom': b,
    targetNamespace: 'x',
  });
  const containers = await containersOf(...settings);
  t.match(containers, [{ envFrom: a }, { envFrom: b }]);
  t.equal(
    containers[1]?.env.some(({ name }) => name === 'AWS_REGION'),
    false,
    'the region may be among them',
  );
  t.match(await containersOf(...settings, ...CRON_JOB), [{ envFrom: b }]);
});

t.test('awsRegion is not required if extraEnv sets AWS_REGION', async (t) => {
  const region = ['--set', 'renewer.extraEnv[0].name=AWS_REGION,renewer.extraEnv[0].value=eu-west-1'];
  const { stdout } = await helm(['template', 'x', chart, ...region]);
  t.match(stdout, /name: AWS_REGION\n +value: eu-west-1\n/);
});

t.test('only the renewer gets the proxy and the CAs', async (t) => {
  const containers = await containersOf(...EVERYTHING);
  const [webhook, renewer] = containers;
  t.notMatch(JSON.stringify(webhook), /PROXY|CA_CERTS|extra-ca-certs/);
  const noProxy = '$(KUBERNETES_SERVICE_HOST),10.0.0.0/8,.svc';
  t.equal(variable(containers, 'renewer', 'NO_PROXY'), noProxy);
  const caFile = '/etc/ecr-pull-secrets-ca/corporate.pem';
  t.equal(variable(containers, 'renewer', 'NODE_EXTRA_CA_CERTS'), caFile);
  t.match(JSON.stringify(renewer), `"name":"${EXISTING.proxy}","optional":true`);
  const direct = await containersOf('--set', 'proxy.httpsProxy=http://proxy:3128');
  t.equal(variable(direct, 'renewer', 'HTTPS_PROXY'), 'http://proxy:3128');
  t.notMatch(JSON.stringify(await containersOf()), /PROXY|CA_CERTS/);
});

t.test('values that extend the webhook configuration do not remove the defaults', async (t) => {
  t.match(await objectOf('MutatingWebhookConfiguration', ...EVERYTHING), {
    metadata: { annotations: { 'example.com/note': 'x' } },
    webhooks: [
      {
        timeoutSeconds: 10,
        objectSelector: {
          matchLabels: POD_LABELS,
          matchExpressions: [
            { key: 'frozen', operator: 'DoesNotExist' },
            { key: 'ecr-pull-secrets.io/inject', operator: 'NotIn', values: ['disabled'] },
          ],
        },
        matchConditions: [{ name: 'not-a-mirror-pod' }, { name: 'not-frozen' }],
      },
    ],
  });
});

t.test('the Service can have one IP family or two', async (t) => {
  t.match(await objectOf('Service', ...(PROFILES['two families'] ?? [])), {
    spec: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] },
  });
  t.notMatch(JSON.stringify(await objectOf('Service')), /ipFamil/);
});
