import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';
import { containersIn } from './support/containers.ts';
import { readManifest } from './support/manifest.ts';
import { OLD_NAME } from './support/old-tool.ts';

const { helm, path: chart, render } = await startChart(t);

const ROLE = 'arn:aws:iam::123456789012:role/ecr-pull';
const WEB_IDENTITY = settingsOf({ aws: { webIdentity: { roleArn: ROLE } } });
const CRONJOB = ['--set', 'cronjob.enabled=true,targetNamespace=a'];

/** Of each container, by name: the variables for AWS except the region. */
function awsVariablesIn(manifest: string): Readonly<Record<string, readonly unknown[]>> {
  const containers = containersIn(readManifest(manifest));
  return Object.fromEntries(
    containers.map(({ name, env }) => [
      name,
      env.filter((variable) => /^AWS_(?!REGION$)/.test(variable.name)).map((variable) => Object.values(variable)),
    ]),
  );
}

async function awsVariablesOf(...settings: readonly string[]): Promise<ReturnType<typeof awsVariablesIn>> {
  return awsVariablesIn(await render(...settings));
}

const VARIABLES = [
  ['AWS_ROLE_ARN', ROLE],
  ['AWS_WEB_IDENTITY_TOKEN_FILE', '/var/run/secrets/kubernetes.io/serviceaccount/aws-token'],
];

t.test('one value gives the renewer, and a run, a role and the token for STS', async (t) => {
  t.match(await awsVariablesOf(...WEB_IDENTITY), { webhook: [], renewer: VARIABLES });
  t.match(await awsVariablesOf(...WEB_IDENTITY, ...CRONJOB), { 'k8s-ecr-login-renew': VARIABLES });
});

t.test('the token is in no other pod, and in none without the value', async (t) => {
  for (const [settings, kinds] of [
    [WEB_IDENTITY, ['Deployment']],
    [
      [...WEB_IDENTITY, ...CRONJOB],
      ['Job', 'CronJob'],
    ],
    [[], []],
  ] as const) {
    const objects = readManifest(await render(...settings));
    const withToken = objects.filter((object) => JSON.stringify(object).includes('"audience":"sts.amazonaws.com"'));
    t.same(new Set(withToken.map(({ kind }) => kind)), new Set(kinds));
  }
});

t.test('a release of the old tool leaves its keys for the role', async (t) => {
  const { stdout } = await helm(['template', OLD_NAME, chart, '--set', 'awsRegion=us-east-1', ...WEB_IDENTITY]);
  t.match(awsVariablesIn(stdout), { renewer: VARIABLES });
});

t.test('keys beside a role are refused, and so is what is no role, after templates were evaluated', async (t) => {
  const keys = { awsAccessKeyId: 'AKIAIOSFODNN7EXAMPLE', awsSecretAccessKey: 'x' };
  const variable = ['--set', 'renewer.extraEnv[0].name=AWS_ACCESS_KEY_ID,renewer.extraEnv[0].value=a'];
  for (const settings of [settingsOf(keys), ['--set', 'aws.secretName=mine'], variable]) {
    await t.rejects(render(...WEB_IDENTITY, ...settings), /there can only be one identity: remove one of them/);
  }
  await t.rejects(render('--set', 'aws.webIdentity.roleArn=ecr-pull'), /'ecr-pull' does not match pattern/);
  const template = { aws: { webIdentity: { roleArn: 'arn:aws:iam::{{ .Values.global.account }}:role/ecr-pull' } } };
  const account = settingsOf({ 'global.account': '123456789012' });
  t.match(await awsVariablesOf(...settingsOf(template), ...account), { renewer: VARIABLES });
  await t.rejects(render(...settingsOf(template)), /aws\.webIdentity\.roleArn is .*, which is not the ARN of a role/);
});

t.test('the region alone may come from a Secret', async (t) => {
  const region = settingsOf({ awsRegion: null, 'aws.secretName': 'mine', 'aws.secretKeys.region': 'REGION' });
  t.match(await awsVariablesOf(...WEB_IDENTITY, ...region), { renewer: VARIABLES });
});
