import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { configFileSchema } from '@ecr-pull-secrets/renewer/config/config-file.ts';
import { readRenewerConfiguration } from '@ecr-pull-secrets/renewer/config/configuration.ts';
import { AWS_REGION } from '@ecr-pull-secrets/renewer/config/aws-variables.ts';
import { ROLE_ARN, SESSION_NAME } from '@ecr-pull-secrets/renewer/credentials/identity.ts';
import { readWebhookConfiguration } from '@ecr-pull-secrets/server/configuration.ts';
import { type Environment, OBJECT_NAME } from '@ecr-pull-secrets/shared/configuration.ts';
import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';
import { containersIn, environmentOf } from './support/containers.ts';
import { EVERY_SWITCH } from './support/every-switch.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';

const { path: chart, render } = await startChart(t);

/** A value that a process would refuse, and how the chart would pass it. */
interface Refused {
  /** As for `--set-json`. */
  readonly set: string;
  readonly renewer?: Environment;
  readonly webhook?: Environment;
  /** In the renewer's `CONFIG_FILE`. */
  readonly file?: Readonly<Record<string, unknown>>;
}

const ROLE = 'arn:aws:iam::123456789012:role/team-a';
const ECR = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** Written by hand, because the chart renders none of it. */
const REFUSED: readonly Refused[] = [
  refusedByBoth('dockerSecretName', 'a..b', 'DOCKER_SECRET_NAME'),
  refusedByBoth('dockerSecretName', 'a.-b', 'DOCKER_SECRET_NAME'),
  refusedByBoth('log.level', 'loud', 'LOG_LEVEL'),
  refusedByBoth('log.format', 'xml', 'LOG_FORMAT'),
  { set: 'webhook.port=0', webhook: { PORT: '0' } },
  { set: 'webhook.opsPort=70000', webhook: { OPS_PORT: '70000' } },
  { set: 'webhook.drainSeconds=3601', webhook: { DRAIN_SECONDS: '3601' } },
  { set: 'injection.injectAll="yes"', webhook: { INJECT_ALL: 'yes' } },
  ...['https://a.example', 'a.example:99999', 'a.example:0'].map((host) => ({
    set: `injection.registryHosts="${host}"`,
    webhook: { REGISTRY_HOSTS: host },
  })),
  { set: 'renewer.opsPort=0', renewer: { OPS_PORT: '0' } },
  { set: 'canary="sometimes"', renewer: { CANARY: 'sometimes' } },
  { set: 'deploymentEvents="some"', renewer: { DEPLOYMENT_EVENTS: 'some' } },
  { set: 'foreignSecrets="replace"', renewer: { FOREIGN_SECRETS: 'replace' } },
  { set: 'tls.mode="manual"', renewer: { TLS_MODE: 'manual' } },
  ...['Frankfurt', 'us-east-1a', 'us_east_1'].map((region) => ({
    set: `awsRegion="${region}"`,
    renewer: { AWS_REGION: region },
  })),
  { set: 'targetNamespace="team-(a|b)"', renewer: { TARGET_NAMESPACE: 'team-(a|b)' } },
  { set: 'excludeNamespace="a,Team"', renewer: { EXCLUDE_NAMESPACE: 'a,Team' } },
  {
    set: 'namespaceSelector.matchLabels={"a":"b c"}',
    renewer: { NAMESPACE_SELECTOR: 'a=b c' },
  },
  {
    set: 'namespaceSelector.matchExpressions=[{"key":"!a","operator":"Exists"}]',
    renewer: { NAMESPACE_SELECTOR: '!!a' },
  },
  {
    set: 'namespaceSelector.matchExpressions=[{"key":"a","operator":"In","values":["b;c"]}]',
    renewer: { NAMESPACE_SELECTOR: 'a in (b;c)' },
  },
  ...['https://', '*', 'docker.io', 'oci://a.example', `user@${ECR}`, `${ECR}.evil.example`].flatMap((key) => [
    { set: `registries=${JSON.stringify(key)}`, renewer: { DOCKER_REGISTRIES: key } },
    refusedRegistry(key),
  ]),
  refusedRegistry('a.example'),
  refusedRegistry({ roleArn: ROLE }),
  refusedRegistry({ host: ECR, roleArn: 'arn:aws:iam::1:role/a' }),
  refusedRegistry({ host: ECR, rolearn: ROLE }),
  refusedRegistry({ host: ECR, roleArn: ROLE, sessionName: 'our cluster (eu)' }),
  refusedRegistry({ host: ECR, roleArn: ROLE, sessionName: 'a' }),
  refusedRegistry({ host: ECR, roleArn: ROLE, externalId: 'a b' }),
  refusedRegistry({ host: ECR, roleArn: ROLE, externalId: 'a'.repeat(1225) }),
  refusedRegistry({ host: 'a.example', tokenOf: '' }),
  refusedRole({ roleArn: 'arn:aws:iam::123456789012:user/a', namespaces: 'a' }),
  refusedRole({ roleArn: ROLE, namespaces: 'Team-A' }),
  refusedRole({ roleArn: ROLE }),
  refusedRole({ roleArn: ROLE, namespaces: 'a', sessionName: 'our cluster (eu)' }),
  refusedRole({ roleArn: ROLE, namespaces: 'a', externalId: 'a b' }),
  refusedInFile('tls.additionalCaBundle', 'ca.crt', 'additionalCaBundle'),
  refusedInFile('optOut', 'never', 'optOut'),
  { set: 'missedPods.evict="yes"', file: { missedPods: { evict: 'yes' } } },
  refusedInFile('routineWritesPerSecond', 0, 'routineWritesPerSecond'),
  refusedInFile('routineWritesPerSecond', 10_001, 'routineWritesPerSecond'),
  refusedTimes({ trustPropagation: '1d' }),
];

/**
 * What the chart leaves to the renewer: rare values, and a proxy, which the message of a schema would quote with its
 * password. The renewer's log names the value, it is not ready, and the notes show the command for its log.
 */
const LEFT_TO_THE_RENEWER: readonly Refused[] = [
  ...['ftp://a.example', 'http://', 'a.example:99999', 'http://u:%@a.example'].flatMap((proxy) => [
    { set: `proxy.httpsProxy="${proxy}"`, renewer: { HTTPS_PROXY: proxy } },
    { set: `proxy.httpProxy="${proxy}"`, renewer: { HTTP_PROXY: proxy } },
  ]),
  refusedRegistry({ host: 'a.example', tokenOf: 'b.example' }),
  refusedRegistry({ host: 'a.example', tokenOf: `*${ECR.slice(12)}` }),
  refusedRegistry({ host: ECR, tokenOf: ECR }),
  refusedRegistry({ host: 'public.ecr.aws', tokenOf: ECR }),
  refusedTimes({ servingLifetime: '9s' }),
  refusedTimes({ caLifetime: '9s', servingLifetime: '9s', trustPropagation: '1s' }),
  refusedTimes({ servingLifetime: '8761h' }),
  refusedTimes({ trustPropagation: '1460h1s' }),
];

function refusedByBoth(path: string, value: string, name: string): Refused {
  return { set: `${path}="${value}"`, renewer: { [name]: value }, webhook: { [name]: value } };
}

function refusedInFile(path: string, value: unknown, key: string): Refused {
  return { set: `${path}=${JSON.stringify(value)}`, file: { [key]: value } };
}

function refusedRegistry(entry: unknown): Refused {
  return refusedInFile('registries', [entry], 'registries');
}

function refusedRole(entry: unknown): Refused {
  return refusedInFile('namespaceRoles', [entry], 'namespaceRoles');
}

function refusedTimes(times: Readonly<Record<string, string>>): Refused {
  return refusedInFile('tls.selfManaged', times, 'certificates');
}

function readAsRenewer(environment: Environment, file: unknown = {}): void {
  const complete = {
    ...environment,
    POD_NAME: 'p',
    POD_NAMESPACE: 'n',
    CONFIG_FILE: '/config.json',
  };
  readRenewerConfiguration(complete, () => JSON.stringify(file));
}

t.test('the chart rejects a value that a process would reject, and names it', async (t) => {
  for (const { set, renewer, webhook, file } of REFUSED) {
    const [path = ''] = set.split('=');
    // The schema separates keys by slashes.
    const message = new RegExp(path.replaceAll('.', '[./]'));
    if (renewer ?? file) t.throws(() => readAsRenewer(renewer ?? {}, file), set);
    if (webhook) t.throws(() => readWebhookConfiguration(webhook), set);
    await t.rejects(render('--set-json', set), { message }, set);
  }
});

t.test('the renewer rejects what the chart leaves to it, by a name that troubleshooting explains', async (t) => {
  const page = await readFile(`${chart}/../docs/troubleshooting.md`, 'utf8');
  const [, section = ''] = page.split('\n## Our own pods are not ready\n');
  for (const { set, renewer, file } of LEFT_TO_THE_RENEWER) {
    const [name = ''] = Object.keys(renewer ?? file ?? {});
    t.throws(() => readAsRenewer(renewer ?? {}, file), { message: new RegExp(`\\b${name}\\b`) }, set);
    t.match(section, new RegExp(`^  \\| .*\`${name}\`.* \\| .*\`${set.split('=')[0]}\``, 'm'), set);
    t.ok(await render('--set-json', set), set);
  }
});

/** Values for every setting of the processes, with the list form of registries. */
const EVERYTHING = {
  ...EVERY_SWITCH,
  registries: [ECR, { host: 'a.example', tokenOf: ` HTTPS://${ECR}/`, roleArn: ROLE }, `${ECR}/b\n`],
  proxy: { httpsProxy: 'http://me:p%25ss@[fd00::1]:3128/', httpProxy: 'proxy.example.com:3128' },
};

/** Variables that Kubernetes or the chart sets, whatever the values. */
const NEVER_REFUSED = new Set([
  'CONFIG_FILE',
  'FACTS_DIR',
  'FENCE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'NO_PROXY',
  'POD_NAME',
  'POD_NAMESPACE',
  'SERVER_NAME',
  'SERVICE_ACCOUNT_DIR',
  'SERVICE_NAME',
  'TLS_DIR',
  'WEBHOOK_NAME',
]);

t.test('the processes accept everything that the chart renders, and it renders every variable', async (t) => {
  const objects = readManifest(await render(...settingsOf(EVERYTHING)));
  const containers = containersIn(objects);
  const renewer = environmentOf(containers, 'renewer');
  const webhook = environmentOf(containers, 'webhook');
  readAsRenewer(renewer, configIn(objects));
  readWebhookConfiguration(webhook);
  for (const [container, environment] of Object.entries({ renewer, webhook })) {
    for (const name of Object.keys(environment)) {
      const isTried = [...REFUSED, ...LEFT_TO_THE_RENEWER].some((one) => one.renewer?.[name] ?? one.webhook?.[name]);
      t.ok(isTried || NEVER_REFUSED.has(name), `${container}: ${name}`);
    }
  }
  for (const key of Object.keys(configFileSchema.shape)) {
    t.ok(
      REFUSED.some(({ file }) => file && key in file),
      key,
    );
  }
});

t.test('the renewer looks for missed pods by the settings of the injection', async (t) => {
  const injection = { ...Object(EVERY_SWITCH['injection']), matchConditions: [] };
  const objects = readManifest(await render(...settingsOf({ ...EVERYTHING, injection, missedPods: { evict: true } })));
  const config = configIn(objects);
  t.match(config, {
    missedPods: {
      evict: true,
      exceptNamespaces: ['kube-system', 'kube-public', 'kube-node-lease', 'ecr-pull-secrets'],
      podSelector: 'needs-ecr=yes,!frozen',
      registryHosts: 'registry.example.com',
      injectAll: true,
    },
  });
  readAsRenewer(environmentOf(containersIn(objects), 'renewer'), config);
});

function configIn(objects: readonly KubeObject[]): unknown {
  const map = objects.find(
    (one): one is KubeObject & { data: Readonly<Record<string, string>> } =>
      one.kind === 'ConfigMap' && one.metadata.name === 'ecr-pull-secrets',
  );
  assert.ok(map?.data['config.json']);
  return JSON.parse(map.data['config.json']);
}

t.test('the schema has the expressions of the code, and also accepts an empty string', async (t) => {
  const { definitions } = JSON.parse(await readFile(`${chart}/values.schema.json`, 'utf8'));
  t.equal(definitions.awsRegion.pattern, orEmpty(AWS_REGION));
  t.equal(definitions.objectName.pattern, orEmpty(OBJECT_NAME));
  t.equal(definitions.roleArn.else.pattern, ROLE_ARN.source);
  t.equal(definitions.sessionName.pattern, orEmpty(SESSION_NAME));
});

/** An expression for a whole string that also matches an empty one. */
function orEmpty({ source }: RegExp): string {
  return `^(${source.slice(1, -1)})?$`;
}
