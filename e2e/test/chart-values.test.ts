import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { CHART_README, chartReadme, readValues } from '@ecr-pull-secrets/scripts/chart-readme/readme.ts';
import type { ValuesSchema } from '@ecr-pull-secrets/scripts/chart-readme/values.ts';
import { settingsOf, startChart } from './support/chart.ts';

const { helm, lint, objects, path: chart, render } = await startChart(t);

/** Rejected by the schema, also in `helm lint`; the message names the key. */
const WRONG: Readonly<Record<string, RegExp>> = {
  'replicas=3': /at '': additional properties 'replicas' not allowed/,
  'webhook.resource.limits.memory=1Gi': /at '\/webhook': additional properties 'resource'/,
  'renewer.resources.limit.memory=1Gi': /at '\/renewer\/resources': additional properties 'limit' not allowed/,
  'webhook.resources.limits[0]=1Gi': /at '\/webhook\/resources\/limits': got array, want null or object/,
  'namespaceSelector.matchExpressions[0].key=a,namespaceSelector.matchExpressions[0].operator=In,namespaceSelector.matchExpressions[0].values[0]=null':
    /at '\/namespaceSelector\/matchExpressions\/0\/values\/0': got null, want string/,
  'cronjob.scedule=x': /at '\/cronjob': additional properties 'scedule'/,
  'registries[0].host=a,registries[0].rolearn=b': /at '\/registries\/0': .*'rolearn'/,
  'replicaCount=two': /at '\/replicaCount': got string, want null or integer/,
  'networkPolicy.enabled=yes': /at '\/networkPolicy\/enabled': got string, want boolean/,
  'tolerations=spot': /at '\/tolerations': got string, want null or array or object/,
  'injection.timeoutSeconds=31': /at '\/injection\/timeoutSeconds': maximum: got 31, want 30/,
  'injection.timeoutSeconds=0': /at '\/injection\/timeoutSeconds': minimum: got 0, want 1/,
  'injection.failurePolicy=Sometimes': /at '\/injection\/failurePolicy': .* 'Ignore', 'Fail'/,
  'injection.check=off': /at '\/injection\/check': value must be one of 'warn', 'deny', 'none'/,
  'tls.mode=none': /at '\/tls\/mode': value must be one of 'self-managed', 'cert-manager'/,
  'tls.selfManaged.trustPropagation=1d': /at '\/tls\/selfManaged\/trustPropagation': '1d' does not match/,
  'image.digest=sha256:12': /at '\/image\/digest': 'sha256:12' does not match/,
  'webhook.port=99999': /at '\/webhook\/port': maximum: got 99,999, want 65,535/,
  'podLabels.cost=1': /at '\/podLabels\/cost': got number, want null or string/,
  'log.level=loud': /at '\/log\/level': value must be one of/,
  'fullnameOverride=a.b': /at '\/fullnameOverride': 'a\.b' does not match/,
  [`fullnameOverride=${'a'.repeat(54)}`]: /at '\/fullnameOverride': maxLength: got 54, want 53/,
  'nameOverride=a.b': /at '\/nameOverride': 'a\.b' does not match/,
  'podDisruptionBudget.minAvailable=foo': /at '\/podDisruptionBudget\/minAvailable': 'foo' does/,
  'updateStrategy.rollingUpdate.maxSurge=-1': /at '.*\/maxSurge': minimum: got -1, want 0/,
  'helmTest.podLabels.a=b c': /at '\/helmTest\/podLabels\/a': 'b c' does not match/,
  'podLabels.a b=c': /at '\/podLabels': additional properties 'a b' not allowed/,
  'deploymentLabels.team=a b': /at '\/deploymentLabels\/team': 'a b' does not match/,
  'serviceAccount.labels.team=-': /at '\/serviceAccount\/labels\/team': '-' does not match/,
  'podMonitor.labels.team=a/b': /at '\/podMonitor\/labels\/team': 'a\/b' does not match/,
  'nodeSelector.disk=a b': /at '\/nodeSelector\/disk': 'a b' does not match/,
  'service.annotations.a b=c': /at '\/service\/annotations': additional properties 'a b' not/,
  'prometheusRule.alertLabels.a-b=c': /at '\/prometheusRule\/alertLabels': additional properties 'a-b' not/,
  'podMonitor.interval=often': /at '\/podMonitor\/interval': 'often' does not match/,
  'tls.certManager.issuerRef.nam=x': /at '\/tls\/certManager\/issuerRef': (missing property 'name'|additional)/,
  'tls.certManager.issuerRef.kind=Issuer': /at '\/tls\/certManager\/issuerRef': missing property 'name'/,
  'tls.certManager.privateKey.algorithm=ecdsa': /at '\/tls\/certManager\/privateKey\/algorithm': value must be/,
  'tls.certManager.privateKey.size=2048': /at '\/tls\/certManager\/privateKey\/size': value must be one of 256/,
  'tls.certManager.privateKey.algorithm=RSA,tls.certManager.privateKey.size=1024':
    /at '\/tls\/certManager\/privateKey\/size': minimum: got 1,024, want 2,048/,
  'image.registry=https://a.example': /at '\/image\/registry': 'https:\/\/a\.example' does not match/,
  'webhook.extraEnvFrom[0].secretref.name=a': /at '\/webhook\/extraEnvFrom\/0': .*'secretref'/,
  'namespaceOverride=a.b': /at '\/namespaceOverride': 'a\.b' does not match/,
  'targetNamespace[0].name=a': /at '\/targetNamespace\/0': got object, want string/,
  'namespaceRoles[0].roleArn=x,namespaceRoles[0].namespaces=a': /at '\/namespaceRoles\/0\/roleArn': 'x' does not match/,
  'tls.additionalCaBundle=ca.crt':
    /at '\/tls\/additionalCaBundle': 'ca\.crt' does not match pattern .*BEGIN CERTIFICATE/,
};

/** Combinations that a schema cannot express. */
const IMPOSSIBLE: Readonly<Record<string, RegExp>> = {
  'proxy=null': /proxy must not be null/,
  'serviceAccount.create=false': /serviceAccount\.create=false needs serviceAccount\.name/,
  'renewer.resources.limits.memory=1Xi': /renewer\.resources\.limits\.memory=1Xi is not a quantity/,
  'injection.failurePolicy=Fail,replicaCount=1': /Fail needs replicaCount=2/,
  'injection.check=deny,replicaCount=1': /injection\.check=deny needs replicaCount=2/,
  'injection.check=deny,updateStrategy.type=Recreate': /injection\.check=deny with updateStrategy\.type=Recreate/,
  'injection.check=null': /injection\.check must not be null/,
  'tls.mode=existing-secret': /needs tls\.existingSecret/,
  'tls.mode=cert-manager,tls.additionalCaBundle=-----BEGIN CERTIFICATE-----': /no effect with tls\.mode=cert-manager/,
  'tls.additionalCaBundle=-----BEGIN CERTIFICATE----- -----BEGIN EC PRIVATE KEY-----':
    /tls\.additionalCaBundle contains a private key, .*everybody can read it/,
  'aws.enabled=false,awsAccessKeyId=AKIA,awsSecretAccessKey=s': /awsAccessKeyId is set and aws\.enabled is false/,
  'aws=null,awsAccessKeyId=AKIA,awsSecretAccessKey=s': /awsAccessKeyId is set and aws\.enabled is false/,
  'hostNetwork=true': /webhook\.port=10250 is in use by the kubelet on each node; set another port, for example/,
  'podDisruptionBudget.minAvailable=2':
    /minAvailable=2 of replicaCount=2 no node could be drained; .* your own budget in extraObjects/,
  'podDisruptionBudget.minAvailable=null': /has neither minAvailable nor maxUnavailable/,
  'podDisruptionBudget.minAvailable=67%,replicaCount=3': /minAvailable=67% of replicaCount=3 no node could be drained/,
  'podDisruptionBudget.maxUnavailable=0': /maxUnavailable=0 no node could be drained/,
  'webhook.resources.limits.memory=16Mi': /webhook\.resources\.limits\.memory=16Mi is too low/,
  'renewer.resources.limits.memory=127Mi': /renewer\.resources\.limits\.memory=127Mi is too low/,
  'cronjob.enabled=true,targetNamespace=a,renewer.resources.limits.memory=1M': /=1M is too low/,
  'renewer.resources.limits.memory=128Mi':
    /renewer\.resources\.requests\.memory=192Mi is more than renewer\.resources\.limits\.memory=128Mi: change one/,
  'webhook.resources.limits.cpu=10m': /webhook\.resources\.requests\.cpu=20m is more than .*limits\.cpu=10m/,
  'webhook.resources.requests.cpu=1.5,webhook.resources.limits.cpu=1': /webhook\.resources\.requests\.cpu=1\.5 is more/,
  'helmTest.resources.requests.memory=2Gi,helmTest.resources.limits.memory=1500M':
    /helmTest\.resources\.requests\.memory=2Gi is more than/,
  'cronjob.enabled=true,targetNamespace=a,renewer.resources.limits.memory=128Mi': /requests\.memory=192Mi is more than/,
  'awsSecretAccessKey=s': /awsSecretAccessKey is set without awsAccessKeyId/,
  'aws.secretKeys.accessKeyId=a,aws.secretKeys.secretAccessKey=a,awsAccessKeyId=AKIA,awsSecretAccessKey=s':
    /aws\.secretKeys\.accessKeyId and aws\.secretKeys\.secretAccessKey are both a/,
  'rbac.create=false,rbac.namespaced=true': /rbac\.namespaced=true needs cronjob\.enabled=true/,
  'hostUsers=false,hostNetwork=true,webhook.port=10260': /hostUsers=false is not possible with hostNetwork=true/,
  'tls.mode=cert-manager,tls.certManager.renewBefore=2160h': /renewBefore=2160h must be shorter than .*duration=2160h/,
};

/** Values that are near to those above, and valid. */
const POSSIBLE = [
  'hostNetwork=true,webhook.port=10260',
  'hostNetwork=true,injection.mode=none',
  'injection.mode=none,injection.check=deny,replicaCount=1',
  'podDisruptionBudget.minAvailable=66%,replicaCount=3',
  'podDisruptionBudget.minAvailable=2,podDisruptionBudget.maxUnavailable=1',
  'podDisruptionBudget.minAvailable=2,podDisruptionBudget.enabled=false',
  'podDisruptionBudget.minAvailable=null,podDisruptionBudget.maxUnavailable=1',
  `fullnameOverride=${'a'.repeat(53)}`,
  'renewer.resources.limits.memory=128Mi,renewer.resources.requests.memory=134217728',
  'webhook.resources.limits.cpu=20m',
  'cronjob.enabled=true,targetNamespace=a,webhook.resources.limits.memory=64Mi',
  'tls.certManager.issuerRef.name=a,tls.mode=cert-manager',
  'tls.certManager.privateKey.algorithm=RSA,tls.certManager.privateKey.size=4096',
  'hostUsers=true,hostNetwork=true,webhook.port=10260',
  'webhook.resources.limits.memory=128Mi',
];

for (const [setting, message] of Object.entries(WRONG)) {
  t.test(`${setting} is rejected`, async (t) => {
    await t.rejects(render('--set', setting), { message });
    await t.rejects(lint('--set', setting), /helm lint failed/);
  });
}

for (const [setting, message] of Object.entries(IMPOSSIBLE)) {
  t.test(`${setting} is rejected`, (t) => t.rejects(render('--set', setting), { message }));
}

t.test('a release name that is invalid for a Service is rejected before anything is created', async (t) => {
  for (const name of ['my.release', '1st']) {
    await t.rejects(helm(['template', name, chart, '--set', 'awsRegion=us-east-1']), {
      message: new RegExp(`full name "${name}-ecr-pull-secrets" is not valid for a Service.*; set fullnameOverride`),
    });
  }
});

t.test('values near to an impossible one are accepted', async (t) => {
  for (const setting of POSSIBLE) t.ok(await render('--set', setting), setting);
});

t.test('additionalCaBundle without a webhook is not rendered', async (t) => {
  const bundle = 'tls.additionalCaBundle=-----BEGIN CERTIFICATE----- PRIVATE KEY';
  for (const setting of [
    'injection.mode=none',
    'injection.mode=none,tls.mode=cert-manager',
    'cronjob.enabled=true,targetNamespace=a,registries[0]=public.ecr.aws',
  ]) {
    t.equal(await render('--set', `${setting},${bundle}`), await render('--set', setting), setting);
  }
});

t.test('a parent chart may set global and enabled', async (t) => {
  t.equal(await render('--set', 'global.registry=x,enabled=true'), await render());
  t.equal(await render('--set', 'global.imagePullSecrets=true'), await render());
});

t.test('keys that begin with x- are for YAML anchors', async (t) => {
  t.equal(await render('--set-json', 'x-labels={"a":1},x-=2'), await render());
});

t.test('the keys of a Secret have defaults', async (t) => {
  for (const settings of ['aws.secretName=mine', 'awsAccessKeyId=AKIA,awsSecretAccessKey=s']) {
    const usual = await render('--set', settings);
    for (const keys of ['aws.secretKeys=null', 'aws.secretKeys.accessKeyId=null']) {
      t.equal(await render('--set', `${settings},${keys}`), usual, `${settings},${keys}`);
    }
  }
});

t.test('a key of a Secret that YAML would read as another type is quoted', async (t) => {
  const keys = { 'aws.secretKeys.accessKeyId': 'on', 'aws.secretKeys.secretAccessKey': '1e3' };
  const rendered = await objects(...settingsOf({ ...keys, awsAccessKeyId: 'AKIA', awsSecretAccessKey: 's' }));
  t.same(rendered['Secret ecr-pull-secrets-aws']?.['stringData'], { on: 'AKIA', '1e3': 's' });
  t.match(await render(...settingsOf({ ...keys, awsAccessKeyId: 'AKIA', awsSecretAccessKey: 's' })), '"on": "AKIA"');
});

t.test('a release with a numeric name has strings as labels', async (t) => {
  for (const mode of ['cronjob.enabled=false', 'cronjob.enabled=true,targetNamespace=a']) {
    const set = `awsRegion=us-east-1,fullnameOverride=abc,${mode}`;
    const args = ['template', '123', chart, '--set', set, '--set-string', 'nameOverride=1e3'];
    const { stdout } = await helm(args);
    t.match(stdout, 'app.kubernetes.io/instance: "123"');
    t.notMatch(stdout, /app\.kubernetes\.io\/(instance|name): [0-9e]+\n/);
  }
});

t.test('the error for values of an older chart contains what to do', async (t) => {
  const older = ['webhook', 'renewer'].map((name) => `${name}.livenessProbe=null`);
  const settings = [...older, 'networkPolicy.dnsPorts=null'];
  t.ok(await render('--set', settings.join()), 'what has a default may be missing');
  for (const missing of ['rbac', 'webhook.drainSeconds', 'tls.selfManaged.caLifetime', 'fence.enabled', 'proxy']) {
    await t.rejects(render('--set', [...settings, `${missing}=null`].join()), {
      message: new RegExp(`: ${missing}\\S* must not be null\\. .*--reset-then-reuse-values`),
    });
  }
});

t.test('a memory limit below the minimum is accepted with NODE_OPTIONS in extraEnv', async (t) => {
  const own =
    'renewer.resources.requests.memory=64Mi,renewer.extraEnv[0].name=NODE_OPTIONS,renewer.extraEnv[0].value=x';
  t.ok(await render('--set', `renewer.resources.limits.memory=96Mi,${own}`));
});

t.test('the values that users of the old chart set are accepted', async (t) => {
  for (const setting of ['aws=null', 'names=null', 'forHelm=false', 'registries=a.example']) {
    t.ok(await render('--set', setting), setting);
  }
});

t.test('every value is in the schema, and the schema has no other', async (t) => {
  const schema = JSON.parse(await readFile(`${chart}/values.schema.json`, 'utf8'));
  const values = (await readValues()).map((value) => value.path);
  // For parent charts, and for the top-level values of the first charts of the old tool.
  const first = ['schedule', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'];
  const seconds = ['startingDeadlineSeconds', 'terminationGracePeriodSeconds'];
  const more = ['enabled', 'names.serviceAcount', ...first, ...seconds];
  t.same([...pathsIn(schema)].toSorted(), [...values, ...more].toSorted());
});

t.test('every value and every group has a description, which is a sentence', async (t) => {
  for (const { path, comment } of await readValues()) {
    const text = comment.join('\n').trim();
    t.match(text, /^[A-Z]/, path);
    // A sentence has a verb; "As in a pod." and "Name of the Secret." have none.
    t.notMatch(text, /^(?:As|Further|Names?|Labels|Annotations|How|Whether|Which|What|See) /, path);
  }
});

t.test('the examples at the beginning of the values are complete', async (t) => {
  const text = await readFile(`${chart}/values.yaml`, 'utf8');
  const examples = [...text.matchAll(/^# ([A-Z][\w ]*): .*\n((?:# {3}.*\n)+)/gm)];
  t.same(
    examples.map(([, title]) => title),
    ['Minimal', 'EKS with IRSA', 'OpenShift', 'Argo CD'],
  );
  for (const [, title = '', lines = ''] of examples) {
    const values = join(t.testdir({ 'values.yaml': lines.replaceAll(/^# {3}/gm, '') }), 'values.yaml');
    const { stdout } = await helm(['template', 'ecr-pull-secrets', chart, '--values', values]);
    t.match(stdout, 'image: "registry.example.com/ecr-pull-secrets:', title);
  }
});

t.test('the table in the README is generated from the values', async (t) => {
  t.equal(await readFile(CHART_README, 'utf8'), await chartReadme(), 'run: npm run chart-readme');
});

/** The values of all groups. */
function* pathsIn({ properties = {} }: ValuesSchema, prefix = ''): Generator<string> {
  for (const [key, value] of Object.entries(properties)) {
    yield `${prefix}${key}`;
    yield* pathsIn(value, `${prefix}${key}.`);
  }
}
