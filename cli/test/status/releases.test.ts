import t from 'tap';
import { createReader } from '../../src/cluster/reader.ts';
import { findReleases } from '../../src/status/releases.ts';
import { environmentOf, settingsOf } from '../../src/status/settings.ts';
import { workloadOfDeployment } from '../../src/status/workload.ts';
import { WEBHOOK } from '../explain/support/world.ts';
import { clientOf, type Responses } from './support/client.ts';
import { deploymentWith } from './support/state.ts';

const DEPLOYMENTS = '/apis/apps/v1/deployments';
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

function find(
  responses: Responses,
  options: Parameters<typeof findReleases>[1] = {},
  environment: Parameters<typeof findReleases>[2] = {},
) {
  return findReleases(createReader(clientOf(responses)), options, environment);
}

function deploymentOf(namespace: string, name: string, instance: string) {
  const labels = { 'app.kubernetes.io/name': 'ecr-pull-secrets', 'app.kubernetes.io/instance': instance };
  return deploymentWith({ metadata: { namespace, name, labels } });
}

function configurationOf(namespace: string, name: string) {
  const clientConfig = { service: { namespace, name } };
  return { metadata: { name }, webhooks: [{ ...WEBHOOK, clientConfig }, { name: 'other.example.com' }] };
}

t.test('releases are found by the label of the Deployment and by the webhook configuration', async (t) => {
  const found = await find({
    [DEPLOYMENTS]: [deploymentOf('tools', 'ecr-pull-secrets', 'ecr')],
    [CONFIGURATIONS]: [configurationOf('tools', 'ecr-pull-secrets'), configurationOf('late', 'renamed')],
    '/apis/apps/v1/namespaces/late/deployments/renamed': deploymentOf('late', 'renamed', 'second'),
  });
  t.match(found, {
    releases: [
      { namespace: 'tools', name: 'ecr-pull-secrets', helmName: 'ecr', workload: { found: { kind: 'Deployment' } } },
      { namespace: 'late', name: 'renamed', helmName: 'second' },
    ],
  });
  t.match(found, { releases: { length: 2 } });
});

t.test('a webhook configuration without its Deployment is reported', async (t) => {
  const found = await find({ [CONFIGURATIONS]: [configurationOf('gone', 'ecr')] });
  t.match(found, { releases: [{ namespace: 'gone', name: 'ecr', workload: { missing: true } }] });
});

t.test('the options select a release, and a misspelt name is suggested', async (t) => {
  const cluster = { [DEPLOYMENTS]: [deploymentOf('a', 'one', 'first'), deploymentOf('b', 'two', 'second')] };
  t.match(await find(cluster, { release: 'second' }), { releases: [{ name: 'two' }] });
  t.match(await find(cluster, { release: 'one' }), { releases: [{ helmName: 'first' }] });
  const misspelt = await find(cluster, { release: 'secnd' });
  t.match(misspelt, { none: { state: 'problem', message: /there is no release secnd .*: did you mean second\?$/ } });
  const inA = { '/apis/apps/v1/namespaces/a/deployments': [deploymentOf('a', 'one', 'first')] };
  t.match(await find(inA, { namespace: 'a' }), { releases: [{ name: 'one' }] });
  t.match(await find(inA, { namespace: 'b' }), { none: { message: /in the namespace b$/, command: /status$/ } });
});

t.test('a renamed release without a webhook is found by the label with its chart', async (t) => {
  const labels = { 'app.kubernetes.io/name': 'x', 'helm.sh/chart': 'ecr-pull-secrets-0.1.0' };
  const renamed = deploymentWith({ metadata: { namespace: 'tools', name: 'renamed', labels } });
  const other = deploymentWith({ metadata: { namespace: 'tools', name: 'other', labels: { 'helm.sh/chart': 'x-1' } } });
  const path = '/apis/apps/v1/namespaces/tools/deployments/renamed';
  const found = await find({ [DEPLOYMENTS]: [other, renamed], [path]: renamed });
  t.match(found, { releases: [{ namespace: 'tools', name: 'renamed', workload: { found: {} } }] });
  t.match(found, { releases: { length: 1 } });
});

t.test('without a release there is a problem', async (t) => {
  t.match(await find({}), { none: { state: 'problem', command: /^helm install ecr-pull-secrets / } });
});

t.test('if nothing may be listed, the usual place or that of the own container is tried', async (t) => {
  const denied = { [DEPLOYMENTS]: 403, [CONFIGURATIONS]: 403 };
  const own = { POD_NAMESPACE: 'tools', POD_NAME: 'x', SERVICE_NAME: 'ecr' };
  const usual = '/apis/apps/v1/namespaces/ecr-pull-secrets/deployments/ecr-pull-secrets';
  t.match(await find({ ...denied, [usual]: deploymentWith() }), { releases: [{ workload: { found: {} } }] });
  t.match(await find({ ...denied, '/apis/apps/v1/namespaces/tools/deployments/ecr': 403 }, {}, own), {
    releases: [{ namespace: 'tools', name: 'ecr', workload: { unread: /you lack the right to get deployments/ } }],
  });
  t.match(await find(denied), { none: { state: 'unknown', message: /lack the right to list deployments\.apps/ } });
});

t.test('the settings of the renewer decide which namespaces get the secret', async (t) => {
  const env = [
    { name: 'NAMESPACE_SELECTOR', value: 'team' },
    { name: 'TARGET_NAMESPACE', value: 'by-name' },
    { name: 'EXCLUDE_NAMESPACE', value: 'kube-*' },
    { name: 'POD_NAME' },
  ];
  const { spec } = deploymentWith();
  const containers = [
    { name: 'webhook', env: [{ name: 'FENCE', value: 'off' }] },
    { name: 'renewer', env },
  ];
  const deployment = deploymentWith({ spec: { ...spec, template: { spec: { containers } } } });
  const settings = settingsOf(environmentOf(workloadOfDeployment(deployment)));
  t.match(settings, { secretName: 'ecr-pull-secret', tlsMode: 'self-managed', isFenced: true, selector: 'team' });
  const { selector, target, exclude } = settings.rule;
  t.ok(selector.matches({ team: 'x' }));
  t.ok(target.matches('by-name'));
  t.ok(exclude.matches('kube-system'));
  const ofCronJob = settingsOf({}, 'CronJob');
  t.ok(ofCronJob.rule.target.matches('default'));
  t.notOk(ofCronJob.rule.selector.matches({ 'ecr-pull-secrets.io/inject': 'enabled' }));
});
