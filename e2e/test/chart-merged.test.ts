import t from 'tap';
import { type Rendered, settingsOf, startChart } from './support/chart.ts';
import { readManifest } from './support/manifest.ts';

const { notes, objects, render } = await startChart(t);

const NAME = 'ecr-pull-secrets';

/** Every value with annotations, and an object that has them. */
const ANNOTATED: Readonly<Record<string, string>> = {
  podAnnotations: `Deployment ${NAME}`,
  deploymentAnnotations: `Deployment ${NAME}`,
  'service.annotations': `Service ${NAME}`,
  'serviceAccount.annotations': `ServiceAccount ${NAME}`,
  'injection.annotations': `MutatingWebhookConfiguration ${NAME}`,
  'grafanaDashboard.annotations': `ConfigMap ${NAME}-dashboard`,
};

/** Keys that the chart sets itself in the same maps. */
const OURS = {
  labels: {
    'app.kubernetes.io/name': 'theirs',
    'app.kubernetes.io/instance': 'theirs',
    'app.kubernetes.io/managed-by': 'theirs',
    'app.kubernetes.io/component': 'theirs',
    'helm.sh/chart': 'theirs',
    'ecr-pull-secrets.io/inject': 'theirs',
    team: 'platform',
  },
  annotations: {
    'cert-manager.io/inject-ca-from': 'theirs/theirs',
    'checksum/config': 'theirs',
    'kubectl.kubernetes.io/default-container': 'theirs',
    'eks.amazonaws.com/skip-containers': 'theirs',
  },
};

/** Every value with a map that meets one of the chart. */
const COLLIDING = settingsOf({
  commonLabels: OURS.labels,
  podLabels: OURS.labels,
  deploymentLabels: OURS.labels,
  'serviceAccount.labels': OURS.labels,
  podMonitor: { enabled: true, labels: OURS.labels, endpoint: { port: 'theirs', interval: '5s', path: '/x' } },
  serviceMonitor: { enabled: true, labels: OURS.labels, endpoint: { port: 'theirs' } },
  prometheusRule: { enabled: true, labels: OURS.labels, alertLabels: { severity: 'page' } },
  'helmTest.podLabels': OURS.labels,
  'tls.mode': 'cert-manager',
  ...Object.fromEntries(Object.keys(ANNOTATED).map((path) => [path, OURS.annotations])),
  'grafanaDashboard.enabled': true,
  'networkPolicy.enabled': true,
});

async function all(...settings: readonly string[]): Promise<Readonly<Record<string, Rendered>>> {
  return objects('--set', 'grafanaDashboard.enabled=true', ...settings);
}

/** The annotations of an object, and of the pods that it creates. */
function annotationsIn(object: Rendered | undefined): object {
  const { template } = Object(object?.['spec']);
  return { ...object?.metadata.annotations, ...template?.metadata.annotations };
}

t.test('a key is rendered once, whatever the values contain', async (t) => {
  for (const mode of [[], ['--set', 'cronjob.enabled=true,targetNamespace=a']]) {
    // The parser rejects a key that is repeated.
    t.ok(readManifest(await render(...COLLIDING, ...mode)).length > 0);
  }
  const rendered = await objects(...COLLIDING);
  for (const [key, { metadata }] of Object.entries(rendered)) {
    t.equal(metadata.labels?.['team'], 'platform', key);
    if (/Monitor|Rule/.test(key)) t.equal(metadata.labels?.['helm.sh/chart'], 'theirs', `${key} is selected by theirs`);
    else t.match(metadata.labels, { 'app.kubernetes.io/instance': NAME, 'app.kubernetes.io/managed-by': 'Helm' }, key);
  }
  const component = 'app.kubernetes.io/component';
  t.equal(rendered[`Deployment ${NAME}`]?.metadata.labels?.[component], 'theirs');
  t.equal(
    rendered[`Service ${NAME}-metrics`]?.metadata.labels?.[component],
    'metrics',
    'the ServiceMonitor selects it',
  );
  t.match(rendered[`MutatingWebhookConfiguration ${NAME}`]?.metadata.annotations, {
    'cert-manager.io/inject-ca-from': `${NAME}/${NAME}`,
  });
  t.match(Object(rendered[`Deployment ${NAME}`]?.['spec']).template.metadata.annotations, {
    'checksum/config': /^\w{64}$/,
    'eks.amazonaws.com/skip-containers': 'webhook,theirs',
    'kubectl.kubernetes.io/default-container': 'theirs',
  });
});

t.test(
  'the namespace of helm test has the labels that the selector requires, whatever commonLabels contain',
  async (t) => {
    const selector = { matchLabels: { team: 'a', tier: 'b' } };
    const rendered = await objects(...settingsOf({ commonLabels: { team: 'common' }, namespaceSelector: selector }));
    const namespace = Object.values(rendered).find(({ kind }) => kind === 'Namespace');
    t.match(namespace?.metadata.labels, { ...selector.matchLabels, 'app.kubernetes.io/name': `${NAME}-test` });
  },
);

t.test('templates in annotations are evaluated, in every value', async (t) => {
  const template = { 'example.com/from': '{{ .Release.Name }}.{{ .Values.awsRegion }}' };
  for (const [path, key] of Object.entries(ANNOTATED)) {
    const rendered = await all(...settingsOf({ [path]: template }));
    t.match(annotationsIn(rendered[key]), { 'example.com/from': `${NAME}.us-east-1` }, path);
  }
  const run = settingsOf({ podAnnotations: template, cronjob: { enabled: true }, targetNamespace: 'a' });
  const { jobTemplate } = Object((await objects(...run))[`CronJob ${NAME}`]?.['spec']);
  t.match(jobTemplate.spec.template.metadata.annotations, { 'example.com/from': `${NAME}.us-east-1` });
  t.match(await render(...settingsOf({ 'helmTest.podAnnotations': template })), String.raw`\"${NAME}.us-east-1\"`);
});

t.test('an annotation or a label that is null is omitted', async (t) => {
  const nulls = { 'example.com/a': null, 'example.com/b': 'kept' };
  for (const [path, key] of Object.entries(ANNOTATED)) {
    const rendered = await all(...settingsOf({ [path]: nulls }));
    t.match(annotationsIn(rendered[key]), { 'example.com/a': undefined, 'example.com/b': 'kept' }, path);
  }
  const labels = [
    'commonLabels',
    'podLabels',
    'deploymentLabels',
    'serviceAccount.labels',
    'podMonitor.labels',
    'nodeSelector',
    'injection.objectSelector.matchLabels',
    'helmTest.podLabels',
  ];
  for (const path of labels) {
    const rendered = await render(...settingsOf({ 'podMonitor.enabled': true, [path]: nulls }));
    t.match(rendered, 'example.com/b', path);
    t.notMatch(rendered, 'example.com/a', path);
  }
  const alerts = await render(
    ...settingsOf({ 'prometheusRule.enabled': true, 'prometheusRule.alertLabels': { a: null, b: 'kept' } }),
  );
  t.match(alerts, 'b: kept');
  t.notMatch(alerts, 'a: null');
});

t.test('templates in the ARNs of roles are evaluated, and the result is checked', async (t) => {
  const account = { 'global.account': '123456789012' };
  const role = 'arn:aws:iam::{{ .Values.global.account }}:role/{{ .Release.Name }}';
  const ecr = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
  const settings = settingsOf({
    registries: [{ host: ecr, roleArn: role }, 'public.ecr.aws'],
    namespaceRoles: [{ roleArn: role, namespaces: ['a', 'b-*'] }],
    'serviceAccount.annotations': { 'eks.amazonaws.com/role-arn': role },
  });
  const rendered = await objects(...settingsOf(account), ...settings);
  const arn = `arn:aws:iam::123456789012:role/${NAME}`;
  const { data } = Object(rendered[`ConfigMap ${NAME}`]);
  t.match(JSON.parse(data['config.json']), {
    registries: [{ host: ecr, roleArn: arn }, 'public.ecr.aws'],
    namespaceRoles: [{ roleArn: arn, namespaces: 'a,b-*' }],
  });
  t.match(rendered[`ServiceAccount ${NAME}`]?.metadata.annotations, { 'eks.amazonaws.com/role-arn': arn });
  await t.rejects(render(...settings), {
    message: /registries\[0\]\.roleArn is "arn:aws:iam:::role\/.*not the ARN of a role/,
  });
});

t.test('the Deployment can have labels', async (t) => {
  const labels = settingsOf({ deploymentLabels: { tier: 'infra' } });
  const { metadata, spec } = Object((await objects(...labels))[`Deployment ${NAME}`]);
  t.match(metadata.labels, { tier: 'infra', 'app.kubernetes.io/name': NAME });
  t.equal(spec.template.metadata.labels.tier, undefined);
  t.notMatch(await notes(...labels), 'infra');
});
