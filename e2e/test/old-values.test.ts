import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import {
  CHART,
  CRON_JOB,
  OLD_NAME,
  OLD_SECRET,
  OLD_VALUES,
  PROFILE,
  startOldValues,
  variable,
} from './support/old-values.ts';

const { helm, render, objectsOf } = await startOldValues(t);

t.test('the CronJob and the Deployment accept every value of the old chart', async (t) => {
  for (const release of [OLD_NAME, 'any']) {
    for (const files of [[OLD_VALUES], [PROFILE, OLD_VALUES]]) {
      const rendered = await render({ release, files });
      t.match(rendered, new RegExp(`kind: ${files[0] === PROFILE ? 'CronJob' : 'Deployment'}\n`));
      t.equal(variable(rendered, 'DOCKER_SECRET_NAME'), OLD_SECRET);
      t.equal(variable(rendered, 'TARGET_NAMESPACE'), 'default');
      t.match(rendered, /secretKeyRef:\n +name: k8s-ecr-login-renew-aws-secret\n/);
      t.match(rendered, /serviceAccountName: k8s-ecr-login-renew-account\n/);
    }
  }
});

/** A file with the values of the charts 1.0.0 to 1.0.2, which had those of the CronJob at the top level. */
async function firstValues(t: Test, changes: Readonly<Record<string, unknown>> = {}) {
  const { cronjob, names, ...others } = parse(await readFile(OLD_VALUES, 'utf8'));
  const { serviceAccount: serviceAcount, ...otherNames } = names;
  const { dockerImage: _, ...top } = cronjob;
  const values = { ...others, ...top, names: { ...otherNames, serviceAcount }, ...changes };
  return join(t.testdir({ 'values.yaml': JSON.stringify(values) }), 'values.yaml');
}

t.test('every value of the first old charts is accepted', async (t) => {
  const first = await firstValues(t);
  for (const release of [OLD_NAME, 'any']) {
    for (const files of [[], [PROFILE]]) {
      const later = await render({ release, files: [...files, OLD_VALUES] });
      t.equal(await render({ release, files: [...files, first] }), later);
    }
  }
});

t.test('the values of the first old charts configure the CronJob', async (t) => {
  const changed = await firstValues(t, {
    schedule: '30 */4 * * *',
    successfulJobsHistoryLimit: 0,
    failedJobsHistoryLimit: 2,
    startingDeadlineSeconds: 600,
    terminationGracePeriodSeconds: 7,
    names: { cronJob: 'ecr-renew', serviceAcount: 'mine', job: 'unused' },
  });
  const objects = await objectsOf({ release: 'any', files: [PROFILE, changed] });
  t.match(objects['CronJob ecr-renew'], {
    spec: {
      schedule: '30 */4 * * *',
      successfulJobsHistoryLimit: 0,
      failedJobsHistoryLimit: 2,
      startingDeadlineSeconds: 600,
      jobTemplate: {
        spec: {
          template: { spec: { terminationGracePeriodSeconds: 7, serviceAccountName: 'mine' } },
        },
      },
    },
  });
  t.ok(objects['ServiceAccount mine']);
  const deployed = await render({ files: [changed], values: { 'serviceAccount.create': false } });
  t.match(deployed, /serviceAccountName: mine\n/);
});

t.test('the mistaken default schedule of the first charts is ignored', async (t) => {
  const first = await firstValues(t, { schedule: '* */6 * * *' });
  t.match(await render({ files: [PROFILE, first] }), /schedule: "0 \*\/6 \* \* \*"/);
  const own = { files: [PROFILE], values: { 'cronjob.schedule': '* */6 * * *' } };
  t.match(await render(own), /schedule: "\* \*\/6 \* \* \*"/, 'but one’s own is one’s own');
});

t.test('the correct spelling of a name overrides the wrong one', async (t) => {
  const values = { 'names.serviceAccount': 'right', 'names.serviceAcount': 'wrong' };
  t.match(await render({ values }), /serviceAccountName: right\n/);
});

t.test('profile and old values lint strictly, and render twice the same', async (t) => {
  const files = [PROFILE, OLD_VALUES];
  const options = files.flatMap((file) => ['--values', file]);
  const { stdout } = await helm(['lint', '--strict', CHART, ...options, '--set', 'awsRegion=us-east-1']);
  t.match(stdout, /0 chart\(s\) failed/);
  t.equal(await render({ files }), await render({ files }));
});

t.test('a release of the old chart keeps its defaults without values', async (t) => {
  const explicit = { files: [PROFILE], values: { registries: 'a.example' } };
  const implicit = { values: { ...CRON_JOB, registries: 'a.example' } };
  t.equal(await render(implicit), await render(explicit));

  const rendered = await render();
  t.equal(variable(rendered, 'DOCKER_SECRET_NAME'), OLD_SECRET);
  t.equal(variable(rendered, 'TARGET_NAMESPACE'), 'default');
  t.match(rendered, /resourceNames: \["k8s-ecr-login-renew-docker-secret"\]/);
  t.notMatch(rendered, /ecr-pull-secret"/, 'nothing goes by the other name');
  t.equal(variable(await render({ values: { targetNamespace: '' } }), 'TARGET_NAMESPACE'), '');
});

t.test('another release has our defaults, and no targetNamespace', async (t) => {
  const rendered = await render({ release: 'ecr' });
  t.equal(variable(rendered, 'DOCKER_SECRET_NAME'), 'ecr-pull-secret');
  t.equal(variable(rendered, 'TARGET_NAMESPACE'), '');
  t.notMatch(rendered, OLD_NAME);
});

t.test('forHelm=false leaves out Helm’s labels, and only those', async (t) => {
  const rendered = await render({ values: { ...CRON_JOB, forHelm: false } });
  t.notMatch(rendered, /helm\.sh|managed-by:/);
  t.match(rendered, /app\.kubernetes\.io\/instance: k8s-ecr-login-renew\n/);
});

t.test('the profile sets nothing but what the old chart has, and its switch', async (t) => {
  const profile = parse(await readFile(PROFILE, 'utf8'));
  const old = parse(await readFile(OLD_VALUES, 'utf8'));
  const { enabled, ...cronjob } = profile.cronjob;
  t.equal(enabled, true);
  t.match(old, { ...profile, cronjob });
});
