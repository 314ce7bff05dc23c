import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readValues } from '@ecr-pull-secrets/scripts/chart-readme/readme.ts';
import { settingsOf, startChart } from './support/chart.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';

const { helm, path: chart, render } = await startChart(t);

/** What a null reaches, and the value that reaches the same without one: parent charts and GitOps tools drop nulls. */
const WAYS: readonly (readonly [before: object, withNull: object, without: object])[] = [
  [{}, ids(null), { openshift: { enabled: true } }],
  [{}, ids(null), ids('')],
  [{ aws: { secretName: 'mine' } }, { aws: null }, { 'aws.enabled': false }],
  [{}, { replicaCount: null }, { replicaCount: '' }],
  [{}, { tolerations: null }, { tolerations: [] }],
  [{ targetNamespace: 'a' }, { targetNamespace: null }, { targetNamespace: '' }],
  [{ names: { serviceAccount: 'x' } }, { names: null }, { 'names.serviceAccount': '' }],
  [{ tls: { additionalCaBundle: pem() } }, { 'tls.additionalCaBundle': null }, { 'tls.additionalCaBundle': '' }],
];

function ids(value: unknown): object {
  return Object.fromEntries(['runAsUser', 'runAsGroup', 'fsGroup'].map((id) => [`podSecurityContext.${id}`, value]));
}

function pem(): string {
  return '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----';
}

/** A key may contain dots. */
function settings(...values: readonly object[]): readonly string[] {
  return values.flatMap((one) => settingsOf({ ...one }));
}

t.test('what a null reaches is reached without one', async (t) => {
  for (const [before, withNull, without] of WAYS) {
    const name = JSON.stringify(without);
    const wanted = await render(...settings(before, withNull));
    t.equal(await render(...settings(before, without)), wanted, name);
  }
});

t.test('a null for a number means the default of the API server, and not 0', async (t) => {
  const seconds = ['activeDeadlineSeconds', 'terminationGracePeriodSeconds', 'startingDeadlineSeconds'];
  const numbers = [...seconds, 'backoffLimit', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'];
  const cronJob = { 'cronjob.enabled': true, targetNamespace: 'a' };
  const nulls = Object.fromEntries(numbers.map((name) => [`cronjob.${name}`, null]));
  t.notMatch(await render(...settings(cronJob, nulls)), new RegExp(`(?:${numbers.join('|')}): \\d`));
  t.notMatch(await render(...settings(cronJob, { 'cronjob.activeDeadlineSeconds': '' })), /activeDeadlineSeconds: \S/);
  t.notMatch(await render(...settings({ revisionHistoryLimit: null })), /revisionHistoryLimit: \d/);
  t.equal(await render(...settings({ namespaceRoles: null })), await render());
});

/** Maps whose keys are not values of their own, with the defaults in them that an empty string removes. */
const MAPS = ['podSecurityContext', 'securityContext', 'webhook.resources', 'renewer.resources'];
const TEXTS = ['injection.annotations', 'grafanaDashboard.labels'];

/** The defaults in them that cannot be removed, and why no one needs it. */
const KEPT: Readonly<Record<string, string>> = {
  nodeSelector: 'every node has it, and a selector may be an empty string',
  'webhook.livenessProbe': 'each field has a number that is as good as none',
  'webhook.readinessProbe': 'each field has a number that is as good as none',
  'renewer.livenessProbe': 'each field has a number that is as good as none',
  'renewer.readinessProbe': 'each field has a number that is as good as none',
};

t.test('an empty string removes each default in a map', async (t) => {
  const always = { 'grafanaDashboard.enabled': true };
  const maps = (await readValues()).filter(({ defaultValue }) => /^\{.*:/.test(defaultValue ?? ''));
  t.same(
    maps
      .map(({ path }) => path)
      .filter((path) => !(path in KEPT))
      .toSorted(),
    [...MAPS, ...TEXTS].toSorted(),
  );
  const defaults = await render(...settings(always));
  for (const { path, defaultValue = '' } of maps.filter((map) => !(map.path in KEPT))) {
    const leaves = leavesOf(JSON.parse(defaultValue)).map((leaf) => `${path}.${leaf}`);
    const set = (value: unknown) =>
      render(...settings(always, Object.fromEntries(leaves.map((leaf) => [leaf, value]))));
    const removed = await set('');
    t.not(removed, defaults, path);
    t.same(withoutNulls(removed), withoutNulls(await set(null)), path);
  }
});

/** The paths of all leaves of a map, as for `--set`. */
function leavesOf(map: Readonly<Record<string, unknown>>, prefix = ''): readonly string[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const path = `${prefix}${key.replaceAll('.', '\\.')}`;
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isMap ? leavesOf({ ...value }, `${path}.`) : [path];
  });
}

/** The objects, in which a null or an empty map has no effect. */
function withoutNulls(rendered: string): readonly KubeObject[] {
  return JSON.parse(JSON.stringify(readManifest(rendered)));
}

t.test('a parent chart reaches each of them by its own values', async (t) => {
  const values = {
    awsRegion: 'us-east-1',
    image: { repository: 'registry.example.com/ecr-pull-secrets' },
    fullnameOverride: 'ecr-pull-secrets',
    openshift: { enabled: true },
    namespaceSelector: { matchLabels: { team: 'a' } },
    injection: { annotations: { 'admissions.enforcer/disabled': '' } },
    webhook: { resources: { limits: { memory: '' } } },
    replicaCount: '',
  };
  const parent = join(t.testdir(), 'parent');
  await mkdir(join(parent, 'charts'), { recursive: true });
  await cp(chart, join(parent, 'charts', 'ecr-pull-secrets'), { recursive: true });
  await writeFile(join(parent, 'Chart.yaml'), 'apiVersion: v2\nname: parent\nversion: 0.1.0\n');
  await writeFile(join(parent, 'values.yaml'), JSON.stringify({ 'ecr-pull-secrets': values }));
  const { stdout } = await helm(['template', 'ecr-pull-secrets', parent, '--namespace', 'ecr-pull-secrets']);
  const alone = await render(...settings(values));
  t.same(byName(stdout), byName(alone));
  t.notMatch(stdout, /runAsUser|fsGroup|replicas:|admissions\.enforcer/);
  t.match(stdout, /NAMESPACE_SELECTOR\n +value: "team=a"/);
});

function byName(rendered: string): Readonly<Record<string, KubeObject>> {
  const objects = readManifest(rendered);
  return Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}
