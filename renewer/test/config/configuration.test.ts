import t from 'tap';
import { readRenewerConfiguration } from '../../src/config/configuration.ts';

const required = { POD_NAME: 'p-0', POD_NAMESPACE: 'ecr-pull-secrets' };

t.test('the defaults are the documented ones', (t) => {
  const { pullSecretName, namespaceRule, tlsDir, apiServer, registries } = readRenewerConfiguration({
    ...required,
    HOME: '/home/me',
  });
  t.equal(pullSecretName, 'ecr-pull-secret');
  t.equal(tlsDir, '/run/ecr-pull-secrets/tls');
  t.same(apiServer, { kubeconfigs: ['/home/me/.kube/config'] });
  t.same(registries, []);
  t.ok(namespaceRule.selector.matches({ 'ecr-pull-secrets.io/inject': 'enabled' }));
  t.notOk(namespaceRule.target.matches('default'), 'without TARGET_NAMESPACE only the label counts');
  t.end();
});

t.test('inside a cluster the API server is where Kubernetes says', (t) => {
  const { apiServer } = readRenewerConfiguration({
    ...required,
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT: '6443',
    SERVICE_ACCOUNT_DIR: '/sa',
  });
  t.same(apiServer, { host: '10.96.0.1', port: 6443, serviceAccountDir: '/sa' });
  t.end();
});

t.test('an error names the variable, the problem and an example, all of them at once', (t) => {
  const wrong = {
    DOCKER_SECRET_NAME: 'Not_A_Name',
    TARGET_NAMESPACE: 'team-(a|b)',
    NAMESPACE_SELECTOR: 'a=b=c',
    AWS_REGION: 'Frankfurt',
    OPS_PORT: '0',
    TLS_MODE: 'automatic',
  };
  const message = messageOf(() => readRenewerConfiguration(wrong));
  for (const [name, value] of Object.entries(wrong)) {
    t.match(message, new RegExp(`^${name}="${RegExp.escape(value)}": .+; for example ${name}=`, 'm'));
  }
  t.match(message, /^POD_NAME is not set; for example POD_NAME=/m);
  t.end();
});

t.test('the webhook gets the keys, which it reads as the kubelet does', (t) => {
  const keys = 'https://a.example/, b.example:5000/v2/;c.example';
  const { registries, facts } = readRenewerConfiguration({ ...required, DOCKER_REGISTRIES: keys });
  t.same(
    registries.map(({ host }) => host),
    ['https://a.example/', 'b.example:5000/v2/', 'c.example'],
  );
  t.same(facts.registries, ['https://a.example/', 'b.example:5000/v2/', 'c.example']);
  t.end();
});

t.test('the file says what is too long for variables, which win over it', (t) => {
  const file = {
    registries: ['public.ecr.aws', { host: 'b.example', tokenOf: '123456789012.dkr.ecr.us-east-1.amazonaws.com' }],
    namespaceRoles: [{ roleArn: 'arn:aws:iam::123456789012:role/a', namespaces: 'team-a*' }],
    optOut: 'keep',
  };
  const read = (environment: object) =>
    readRenewerConfiguration({ ...required, CONFIG_FILE: 'c.json', ...environment }, () => JSON.stringify(file));
  t.match(read({}), {
    registries: [{ host: 'public.ecr.aws' }, { host: 'b.example', tokenOf: /^123456789012/ }],
    optOutPolicy: 'keep',
    routineWritesPerSecond: 50,
  });
  t.ok(read({}).namespaceRoles[0]?.namespaces.matches('team-a1'));
  t.match(read({ DOCKER_REGISTRIES: 'c.example' }).registries, [{ host: 'c.example' }]);
  t.end();
});

t.test('registries of which none can get a token are refused, and one of many is reported', (t) => {
  const china = '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn';
  const east = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
  t.throws(() => readRegistries(china), {
    code: 'ECRPS_CONFIGURATION_INVALID',
    message: /no registry is left: 123456789012\S+cn gets no token: .* AWS_REGION=us-east-1/,
  });
  t.ok(readRegistries(china, 'cn-north-1'));
  const both = readRegistries(`${china},${east},proxy.example.com,Registry.example.com`);
  t.match(both.refusedRegistries, [{ key: china }]);
  t.same(both.facts.registries, [east, 'proxy.example.com', 'Registry.example.com']);
  t.match(both.registryWarnings, [
    `registry "${china}" gets no token`,
    'registry "proxy.example.com" is no host of ECR',
    'registry "Registry.example.com" is no host of ECR',
    'registry "Registry.example.com" has capitals',
  ]);
  t.same(readRegistries(east).registryWarnings, []);
  t.end();
});

t.test('a key that only some role gets is one that the webhook hears of', (t) => {
  const china = '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn';
  const roleArn = 'arn:aws-cn:iam::123456789012:role/a';
  const file = { registries: [china], namespaceRoles: [{ roleArn, namespaces: 'team-a' }] };
  const { facts } = readRenewerConfiguration({ ...required, AWS_REGION: 'us-east-1', CONFIG_FILE: 'c.json' }, () =>
    JSON.stringify(file),
  );
  t.same(facts.registries, [china]);
  t.end();
});

t.test('what is wrong in the file is named by its key', (t) => {
  const cases: Readonly<Record<string, RegExp>> = {
    '{"registry": []}': /CONFIG_FILE=c\.json: .*registry/,
    '{"registries": [{"host": "a.example", "roleArn": "admin"}]}': /registries\.0\.roleArn: is not the ARN/,
    '{"registries": [{"host": "a.example", "role": "x"}]}': /registries\.0: .*"role"/,
    '{"registries": [""]}': /registries\.0\.host: "" has no host/,
    '{"registries": ["https://"]}': /registries\.0\.host: "https:\/\/" has no host/,
    '{"registries": [{"host": " "}]}': /registries\.0\.host: "" has no host/,
    '{"registries": [{"host": "a.example", "tokenOf": "b.example"}]}':
      /registries\.0\.tokenOf: is not the host of an ECR/,
    '{"registries": [{"host": "123456789012.DKR.ecr.us-east-1.amazonaws.com", "tokenOf": "123456789012.dkr.ecr.us-west-2.amazonaws.com"}]}':
      /registries\.0\.tokenOf: .*the host is an ECR registry, which takes its own token/,
    '{"registries": [{"host": "public.ecr.aws", "tokenOf": "123456789012.dkr.ecr.us-west-2.amazonaws.com"}]}':
      /registries\.0\.tokenOf: .*takes its own token/,
    '{"namespaceRoles": [{"roleArn": "arn:aws:iam::123456789012:role/a", "namespaces": "A"}]}':
      /namespaceRoles\.0\.namespaces: "A" can match no namespace/,
    '{"additionalCaBundle": "-----BEGIN PRIVATE KEY-----"}': /additionalCaBundle: holds a private key/,
    '{"additionalCaBundle": "ca.crt"}': /additionalCaBundle: must be certificates as PEM/,
    '{"optOut": "never"}': /optOut: .*expire/,
    '{"routineWritesPerSecond": 0}': /routineWritesPerSecond/,
    junk: /CONFIG_FILE=c\.json cannot be read/,
  };
  for (const [text, problem] of Object.entries(cases)) {
    const message = messageOf(() => readRenewerConfiguration({ ...required, CONFIG_FILE: 'c.json' }, () => text));
    t.match(message, problem, text);
  }
  t.end();
});

t.test('the configuration cannot be changed', (t) => {
  const configuration = readRenewerConfiguration(required);
  t.ok(Object.isFrozen(configuration));
  t.ok(Object.isFrozen(configuration.namespaceRule));
  t.end();
});

function readRegistries(DOCKER_REGISTRIES: string, AWS_REGION = 'us-east-1') {
  return readRenewerConfiguration({ ...required, DOCKER_REGISTRIES, AWS_REGION });
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}
