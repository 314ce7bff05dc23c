import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { IMAGE_VALUES } from './support/image-values.ts';
import { watchLogins } from './support/login-watch.ts';
import { OLD_NAME, OLD_SECRET, runJobFrom, writeOldSecrets } from './support/old-tool.ts';
import { documentOf, pathOf } from './support/pull-secret.ts';

/** From old secrets to the next run, with all that is done in between, and no longer. */
const TOKEN_LIFETIME_MS = 60_000;

const HOME = 'ecr-pull-secrets';
const CRON_JOB = 'k8s-ecr-login-renew-cron';
const IMAGE = 'registry.example.com/ecr-pull-secrets:0.1.0';

const OLD_CHART = fileURLToPath(new URL('fixtures/old-chart', import.meta.url));
const CHART = fileURLToPath(new URL('../../chart', import.meta.url));
const PROFILE = `${CHART}/profiles/k8s-ecr-login-renew.yaml`;

const TEN = ['default', ...Array.from({ length: 9 }, (_, index) => `team-${index}`)];

/** What people own besides in the secret of each second namespace. */
const THEIRS = {
  metadata: { labels: { team: 'x' }, annotations: { 'replicator.v1/to': 'y' } },
  data: { more: 'eg==' },
};

const playground = await startPlayground({
  publishedAs: IMAGE,
  ecr: { tokenLifetimeMs: TOKEN_LIFETIME_MS },
});
t.teardown(() => playground.close());
const { api, cluster } = playground;

/** What a user of the old chart has in a file; all else is the old chart's default. */
const oldValues = join(cluster.directory, 'old-values.json');
await writeFile(
  oldValues,
  JSON.stringify({
    awsRegion: 'us-east-1',
    awsAccessKeyId: AWS_IDENTITY.accessKeyId,
    awsSecretAccessKey: AWS_IDENTITY.secretAccessKey,
    targetNamespace: 'default,team-*',
    cronjob: { schedule: '30 */4 * * *', dockerImage: 'nabsul/k8s-ecr-login-renew:v1.7.1' },
  }),
);

async function helm(...args: readonly string[]): Promise<void> {
  await cluster.helm([...args, '--namespace', HOME]);
}

/** Helm with the old chart and the user's values. */
async function helmOld(command: string, ...options: readonly string[]): Promise<void> {
  await helm(command, OLD_NAME, OLD_CHART, '--values', oldValues, ...options);
}

async function upgrade(values: object, ...files: readonly string[]): Promise<void> {
  await playground.install({ ...values }, { release: OLD_NAME, files: [...files, oldValues] });
}

function cronJobs(): Promise<readonly object[]> {
  return api.list(`/apis/batch/v1/namespaces/${HOME}/cronjobs`);
}

/** Jobs of the release itself. */
function firstRuns(): Promise<readonly object[]> {
  const labelSelector = 'app.kubernetes.io/managed-by=Helm,app.kubernetes.io/name=ecr-pull-secrets';
  return api.list(`/apis/batch/v1/namespaces/${HOME}/jobs`, { labelSelector });
}

function secretsNow(): Promise<readonly Secret[]> {
  return Promise.all(TEN.map((namespace) => api.get<Secret>(pathOf(namespace, OLD_SECRET))));
}

/** Runs the CronJob by hand, and checks what the run said and did. */
async function renewByHand(t: Test, name: string): Promise<void> {
  const before = await secretsNow();
  const log = await runJobFrom(playground, CRON_JOB, { namespace: HOME, name });
  for (const namespace of TEN) {
    t.match(log, `Updating secret in namespace [${namespace}]... success\n`);
  }
  t.match(log, /\nJob complete\.\n/);
  checkRenewed(t, before, await secretsNow());
}

async function areRenewed(before: readonly Secret[]): Promise<void> {
  for (const [index, secret] of (await secretsNow()).entries()) {
    assert.ok(before[index]);
    assert.notEqual(documentOf(secret), documentOf(before[index]));
  }
}

/** Each is the same object, with a new document, and what people own of it is there. */
function checkRenewed(t: Test, before: readonly Secret[], after: readonly Secret[]): void {
  for (const [index, secret] of after.entries()) {
    t.equal(secret.metadata.uid, before[index]?.metadata.uid);
    assert.ok(before[index]);
    t.not(documentOf(secret), documentOf(before[index]));
    t.equal(secret.metadata.annotations?.['ecr-pull-secrets.io/origin'], 'adopted');
    if (index % 2 === 1) t.match(secret, THEIRS);
  }
}

await Promise.all(TEN.slice(1).map((namespace) => api.createNamespace(namespace, { injected: false })));
// Helm 3, with which that chart was installed, has no server-side apply.
await helmOld('install', '--create-namespace', '--server-side=false');
await api.merge(`/api/v1/namespaces/${HOME}`, {
  metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});
const first = await writeOldSecrets(playground, TEN);
await Promise.all(
  TEN.filter((_, index) => index % 2 === 1).map((namespace) => api.merge(pathOf(namespace, OLD_SECRET), THEIRS)),
);
const watch = watchLogins(t, playground, OLD_SECRET);

t.test('secrets of the old tool log in, and say nothing about themselves', async (t) => {
  await eventually('all were seen', () => assert.equal(watch.versions.size, TEN.length));
  for (const { metadata } of first) {
    t.match(metadata.managedFields, [{ manager: OLD_NAME, operation: 'Update' }]);
    t.equal(metadata.annotations, undefined);
  }
});

t.test('values of the release itself do, unless Helm brings the old defaults with them', async (t) => {
  const [cronJob] = await cronJobs();
  await t.rejects(helm('upgrade', OLD_NAME, CHART, '--reuse-values'), {
    message: /values of another chart.*use --reset-then-reuse-values/,
  });
  t.same(await cronJobs(), [cronJob], 'a refused upgrade leaves the old release as it is');
  const switched = ['--reset-then-reuse-values', '--values', IMAGE_VALUES, '--set', 'cronjob.enabled=true'];
  await helm('upgrade', OLD_NAME, CHART, ...switched, '--dry-run=server');
});

t.test('the profile: our CronJob in the old one’s place, with a first run at once', async (t) => {
  const before = await secretsNow();
  await upgrade({}, PROFILE);
  await eventually('all are renewed', () => areRenewed(before));
  checkRenewed(t, before, await secretsNow());
  const jobs = await eventually('the first run is over', async () => {
    const found = await firstRuns();
    assert.match(JSON.stringify(found), /"succeeded":1/);
    return found;
  });
  await upgrade({}, PROFILE);
  t.same(await firstRuns(), jobs, 'an upgrade that changes nothing runs nothing');
});

t.test('it can be started by hand as before', async (t) => {
  await renewByHand(t, `${CRON_JOB}-manual-1`);
  t.match(await cronJobs(), [
    {
      metadata: { name: CRON_JOB },
      spec: { schedule: '30 */4 * * *', concurrencyPolicy: 'Forbid' },
    },
  ]);
  t.same(await api.list(`/apis/apps/v1/namespaces/${HOME}/deployments`), []);
});

t.test('with names alone a Role in each namespace is enough, and no ClusterRole is left', async (t) => {
  const before = await secretsNow();
  const names = { targetNamespace: TEN.join(','), rbac: { namespaced: true } };
  await upgrade(names, PROFILE);
  const clusterRoles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
  t.equal(await ifFound(api.get(`${clusterRoles}/k8s-ecr-login-renew-role`)), undefined);
  await eventually('its first run renews all', () => areRenewed(before));
  await renewByHand(t, `${CRON_JOB}-namespaced`);
});

t.test('the old values alone: the renewer in its place, with the same targets', async (t) => {
  const before = await secretsNow();
  await upgrade({});
  await eventually('all are renewed', () => areRenewed(before));
  checkRenewed(t, before, await secretsNow());
  t.same(await cronJobs(), []);
});

t.test('labels: pods get the old secret’s name, and the names are no longer needed', async (t) => {
  await Promise.all(
    TEN.map((namespace) =>
      api.merge(`/api/v1/namespaces/${namespace}`, {
        metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
      }),
    ),
  );
  await upgrade({ targetNamespace: '' });
  const before = await secretsNow();
  const containers = [{ name: 'app', image: `${REGISTRY}/app` }];
  for (const namespace of TEN) {
    const pod = await api.createPod(namespace, { spec: { containers } });
    t.same(pod.spec.imagePullSecrets, [{ name: OLD_SECRET }]);
  }
  const own = [{ name: OLD_SECRET }, { name: 'theirs' }];
  const pod = await api.createPod('team-1', { spec: { containers, imagePullSecrets: own } });
  t.same(pod.spec.imagePullSecrets, own, 'one that names it already stays as it is');
  // Whatever was there when the names went has died by then: what logs in is renewed by the labels.
  await delay(TOKEN_LIFETIME_MS);
  checkRenewed(t, before, await secretsNow());
});

t.test('back to the profile by helm rollback, and a run renews all again', async (t) => {
  const before = await secretsNow();
  await helm('rollback', OLD_NAME, '3', '--wait');
  t.equal(await ifFound(api.get(`/apis/apps/v1/namespaces/${HOME}/deployments/${OLD_NAME}-${HOME}`)), undefined);
  await eventually('its first run renews all', () => areRenewed(before));
  await renewByHand(t, `${CRON_JOB}-manual-2`);
});

t.test('back to the old chart, whose CronJob works by changing the image alone', async (t) => {
  await helm('rollback', OLD_NAME, '1');
  await api.merge(`/api/v1/namespaces/${HOME}`, {
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
  });
  await helmOld('upgrade', '--set', `cronjob.dockerImage=${IMAGE}`);
  await renewByHand(t, `${CRON_JOB}-manual-3`);
});

t.test('uninstalled, it leaves the secrets', async (t) => {
  await upgrade({});
  await helm('uninstall', OLD_NAME);
  t.equal((await secretsNow()).length, TEN.length);
});

t.test('a new release beside the old one, which then goes', async (t) => {
  const place = ['--namespace', 'tools'];
  await api.create('/api/v1/namespaces', { metadata: { name: 'tools' } });
  await cluster.helm(['install', OLD_NAME, OLD_CHART, ...place, '--values', oldValues]);
  const { stdout } = await cluster.helm(['get', 'values', OLD_NAME, ...place, '--all', '-o', 'json']);
  const allValues = join(cluster.directory, 'all-values.json');
  await writeFile(allValues, stdout);
  const before = await secretsNow();
  await playground.install({ names: null }, { files: [allValues] });
  await cluster.helm(['uninstall', OLD_NAME, ...place]);
  await eventually('all are renewed', () => areRenewed(before));
  checkRenewed(t, before, await secretsNow());
});

t.test('at every moment each namespace held a secret that logs in', (t) => {
  t.same(watch.gaps, []);
  t.equal(watch.lists(), 1);
  t.ok(watch.rounds() > TOKEN_LIFETIME_MS / 1000, `${watch.rounds()} rounds`);
  for (const namespace of TEN) t.ok((watch.versions.get(namespace) ?? 0) >= 6, namespace);
  t.end();
});
