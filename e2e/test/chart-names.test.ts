import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';
import { EVERY_SWITCH } from './support/every-switch.ts';
import { readManifest } from './support/manifest.ts';

const { helm, notes, path: chart, render } = await startChart(t);

const EVERYTHING = settingsOf({
  ...EVERY_SWITCH,
  extraObjects: [],
  serviceAccount: { create: true },
  'tls.mode': 'cert-manager',
  awsAccessKeyId: 'AKIA',
  awsSecretAccessKey: 's',
});

/** Rendered as a release in a namespace. */
async function renderIn(namespace: string, ...settings: readonly string[]): Promise<string> {
  const required = ['--set', 'awsRegion=us-east-1,image.repository=registry.example.com/ecr-pull-secrets'];
  return (await helm(['template', 'ecr-pull-secrets', chart, '--namespace', namespace, ...required, ...settings]))
    .stdout;
}

t.test('namespaceOverride puts every object into another namespace', async (t) => {
  const moved = ['--set', 'namespaceOverride=moved'];
  for (const mode of [[], ['--set', 'cronjob.enabled=true'], ['--set', 'tls.mode=self-managed']]) {
    const settings = [...EVERYTHING, ...mode];
    t.equal(await renderIn('home', ...settings, ...moved), await renderIn('moved', ...settings), mode.join(' '));
  }
  t.notMatch(await renderIn('home', ...EVERYTHING, ...moved), 'home');
  t.match(await notes(...moved), /installed in namespace moved\.[^]* -n moved /);
  t.match(await notes(...moved), 'helm test ecr-pull-secrets -n ecr-pull-secrets', 'Helm stores the release there');
});

t.test('a namespace or a name that YAML would read as another type is quoted', async (t) => {
  for (const name of ['123', '1e3', 'null', 'true', '0x1f', 'no']) {
    const named = settingsOf({ 'serviceAccount.name': name, dockerSecretName: name, 'aws.secretName': name });
    for (const mode of [[], ['--set', 'cronjob.enabled=true']]) {
      for (const { kind, metadata } of readManifest(await renderIn(name, ...EVERYTHING, ...named, ...mode))) {
        t.type(metadata.namespace ?? '', 'string', `${kind} ${metadata.name} in ${name}`);
        t.type(metadata.name, 'string', kind);
      }
    }
    const references = /^ *(- )?(serviceAccountName|namespace|name|secretName|key): (123|1e3|null|true|0x1f|no)$/m;
    t.notMatch(await renderIn(name, ...EVERYTHING, ...named), references, name);
  }
  const subject = settingsOf({ fullnameOverride: 'true', 'tls.mode': 'cert-manager' });
  t.match(await render(...subject), 'commonName: "true"');
});

t.test('targetNamespace and excludeNamespace may be lists', async (t) => {
  const lists = ['--set', 'targetNamespace={a,b-*},excludeNamespace={c,d}'];
  const texts = ['--set-json', 'targetNamespace="a,b-*"', '--set-json', 'excludeNamespace="c,d"'];
  for (const mode of [
    [],
    ['--set', 'cronjob.enabled=true'],
    ['--set', 'injection.mode=policy', '--kube-version', '1.36.0'],
  ]) {
    t.equal(await render(...lists, ...mode), await render(...texts, ...mode));
  }
  t.match(await render(...lists), /name: TARGET_NAMESPACE\n +value: "a,b-\*"/);
  await t.rejects(render('--set', 'targetNamespace={a,B}'), { message: /targetNamespace=a,B: names have only a-z/ });
});

t.test('large numbers are integers, not in scientific notation', async (t) => {
  const large = 86_400_000;
  const values = {
    enabled: true,
    activeDeadlineSeconds: large,
    ttlSecondsAfterFinished: large,
    startingDeadlineSeconds: large,
    terminationGracePeriodSeconds: large,
    backoffLimit: large,
    failedJobsHistoryLimit: large,
    successfulJobsHistoryLimit: large,
  };
  const file = `${t.testdir({ 'values.yaml': JSON.stringify({ cronjob: values, targetNamespace: 'a' }) })}/values.yaml`;
  const rendered = await render('--values', file);
  t.notMatch(rendered, /e\+\d/);
  for (const key of Object.keys(values).slice(1)) t.match(rendered, new RegExp(`^ +${key}: ${large}$`, 'm'));
  const numbers = { revisionHistoryLimit: large, 'podSecurityContext.runAsUser': 1_000_680_000 };
  t.notMatch(await render(...settingsOf(numbers)), /e\+\d/);
});

t.test('the notes say where the secret is never added', async (t) => {
  const sentence = 'It is never added to pods in ecr-pull-secrets, kube-system, kube-public and kube-node-lease';
  t.match(await notes(), sentence);
  t.match(await notes(), /or a pod of ecr-pull-secrets does not become ready, the log of the renewer .*\n.*-c renewer/);
  t.notMatch(await notes('--set', 'injection.mode=none'), sentence);
});

/** Errors of values that several objects use, which name the file of the checks. */
const COMMON = ['optOut=null', 'awsRegion=null', 'renewer.resources.limits.memory=1Xi', 'serviceAccount.create=false'];

/** Errors that name the object with the problem. */
const OWN: Readonly<Record<string, string>> = {
  'podDisruptionBudget.maxUnavailable=0': 'pod-disruption-budget.yaml',
  'injection.failurePolicy=Fail,replicaCount=1': 'webhook-configuration.yaml',
  'awsSecretAccessKey=s': 'aws-secret.yaml',
  'rbac.namespaced=true': 'rbac.yaml',
  'tls.mode=cert-manager,tls.certManager.renewBefore=9999h': 'cert-manager.yaml',
};

t.test('no error names an object that has nothing to do with the value', async (t) => {
  const files = { ...Object.fromEntries(COMMON.map((setting) => [setting, 'validation/values.yaml'])), ...OWN };
  for (const [setting, file] of Object.entries(files)) {
    await t.rejects(
      render('--set', setting),
      { message: new RegExp(`ecr-pull-secrets/templates/${file}:\\d`) },
      setting,
    );
  }
});
