import t from 'tap';
import { type Rendered, settingsOf, startChart } from './support/chart.ts';
import { EVERY_SWITCH } from './support/every-switch.ts';

const { notes, objects, render } = await startChart(t);

const CRON_JOB = { 'cronjob.enabled': true, targetNamespace: 'a,b' };

const NAME = 'ecr-pull-secrets';

type Values = Readonly<Record<string, unknown>>;

async function kindsWith(values: Values, pattern: RegExp): Promise<readonly string[]> {
  const keys = Object.keys(await objects(...settingsOf(values)));
  return keys.filter((key) => pattern.test(key)).toSorted();
}

async function firstRun(values: Values = {}): Promise<Rendered | undefined> {
  const all = Object.values(await objects(...settingsOf({ ...CRON_JOB, ...values })));
  return all.find(({ kind }) => kind === 'Job');
}

async function nameOfFirstRun(values: Values = {}): Promise<string | undefined> {
  return (await firstRun(values))?.metadata.name;
}

async function cronJob(values: Values = {}): Promise<Rendered | undefined> {
  return (await objects(...settingsOf({ ...CRON_JOB, ...values })))[`CronJob ${NAME}`];
}

t.test('the schedule can have a time zone, be suspended, and delete its jobs', async (t) => {
  const set = {
    'cronjob.timeZone': 'Europe/Berlin',
    'cronjob.suspend': true,
    'cronjob.ttlSecondsAfterFinished': 0,
  };
  t.match(await cronJob(set), {
    spec: {
      timeZone: 'Europe/Berlin',
      suspend: true,
      jobTemplate: { spec: { ttlSecondsAfterFinished: 0 } },
    },
  });
  for (const startingDeadlineSeconds of [0, 1_000_000]) {
    t.match(await cronJob({ 'cronjob.startingDeadlineSeconds': startingDeadlineSeconds }), {
      spec: { startingDeadlineSeconds },
    });
  }
  t.match(await cronJob(), {
    spec: {
      timeZone: undefined,
      startingDeadlineSeconds: undefined,
      suspend: undefined,
      concurrencyPolicy: 'Forbid',
      jobTemplate: { spec: { ttlSecondsAfterFinished: undefined } },
    },
  });
  t.match(await notes(...settingsOf({ ...CRON_JOB, ...set })), /Europe\/Berlin\).\nIt is suspended/);
});

t.test('the first run has the spec of the scheduled runs, and Helm does not wait for it', async (t) => {
  const job = await firstRun();
  t.match(job?.metadata.name, /^ecr-pull-secrets-[0-9a-f]{10}$/);
  t.equal(job?.metadata.annotations, undefined, 'no hook');
  const { spec } = { spec: undefined, ...(await cronJob()) };
  t.match(spec, { jobTemplate: { spec: job?.['spec'] } });
  t.match(await notes(...settingsOf(CRON_JOB)), `-f job/${job?.metadata.name}\n`);
});

t.test('the first run is a new Job if and only if an input of the run changes', async (t) => {
  const keys = { awsAccessKeyId: 'AKIA', awsSecretAccessKey: 's' };
  t.equal(await nameOfFirstRun(), await nameOfFirstRun());
  t.equal(await nameOfFirstRun({ 'cronjob.schedule': '0 0 * * *' }), await nameOfFirstRun());
  const names = await Promise.all([
    nameOfFirstRun(),
    nameOfFirstRun({ targetNamespace: 'a,b,c' }),
    nameOfFirstRun({ 'image.tag': 'x' }),
    nameOfFirstRun({ registries: ['public.ecr.aws'] }),
    nameOfFirstRun({ registries: ['ecr-public.aws.com'] }),
    nameOfFirstRun(keys),
    nameOfFirstRun({ ...keys, awsSecretAccessKey: 't' }),
    nameOfFirstRun({ 'serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn': 'arn' }),
    nameOfFirstRun({ 'rbac.namespaced': true }),
    nameOfFirstRun({ 'rbac.create': false }),
  ]);
  t.equal(new Set(names).size, names.length);
});

t.test('the name of the first run fits into a label of its pod', async (t) => {
  t.equal((await nameOfFirstRun({ 'names.cronJob': 'x'.repeat(60) }))?.length, 63);
});

t.test('there is none if it is switched off, suspended, or no CronJob is there', async (t) => {
  t.equal(await firstRun({ 'cronjob.runOnInstall': false }), undefined);
  t.equal(await firstRun({ 'cronjob.suspend': true }), undefined);
  t.notMatch(await render(), /^kind: Job$/m);
});

t.test('rbac.create=false omits every role and binding, including those of helm test', async (t) => {
  for (const values of [CRON_JOB, {}]) {
    const rights = /^(Cluster)?Role|-test-/;
    t.ok((await kindsWith(values, rights)).length >= 2);
    t.same(await kindsWith({ ...values, 'rbac.create': false }, rights), []);
    t.same(await kindsWith({ ...values, 'rbac.create': false }, /^ServiceAccount/), [`ServiceAccount ${NAME}`]);
  }
});

t.test('rbac.namespaced creates a Role in each named namespace, and no ClusterRole', async (t) => {
  const values = {
    ...CRON_JOB,
    targetNamespace: 'team-a; team-b,\n  frozen,team-a',
    excludeNamespace: 'fr?z*',
    'rbac.namespaced': true,
  };
  const rendered = await render(...settingsOf(values));
  t.notMatch(rendered, /ClusterRole/);
  const roles = [...rendered.matchAll(/^kind: (Role\w*)\n[^]*?\n {2}namespace: (.*)\n/gm)];
  t.same(roles.map(([, kind, namespace]) => `${kind} ${namespace}`).toSorted(), [
    'Role team-a',
    'Role team-b',
    'RoleBinding team-a',
    'RoleBinding team-b',
  ]);
  const all = await objects(...settingsOf(values));
  t.match(all[`Role ${NAME}`], {
    rules: [
      {
        resources: ['secrets'],
        resourceNames: ['ecr-pull-secret'],
        verbs: ['get', 'create', 'patch'],
      },
    ],
  });
  t.match(all[`RoleBinding ${NAME}`], {
    roleRef: { kind: 'Role', name: NAME },
    subjects: [{ name: NAME, namespace: NAME }],
  });
});

t.test('rbac.namespaced is rejected if permissions in a few namespaces are not enough', async (t) => {
  const namespaced = { 'rbac.namespaced': true };
  await t.rejects(render(...settingsOf(namespaced)), {
    message: /rbac\.namespaced=true needs cronjob\.enabled=true, because the renewer watches/,
  });
  await t.rejects(render(...settingsOf({ ...CRON_JOB, ...namespaced, targetNamespace: 'a,b-*' })), {
    message: /rbac\.namespaced needs names in targetNamespace, but "a,b-\*" has wildcards/,
  });
});

t.test('the notes list values that are set without effect', async (t) => {
  t.notMatch(await notes(...settingsOf(CRON_JOB)), 'no effect');
  const set = {
    ...CRON_JOB,
    'injection.mode': 'policy',
    'tls.mode': 'cert-manager',
    'tls.additionalCaBundle': '-----BEGIN CERTIFICATE-----',
    'podMonitor.enabled': true,
  };
  t.match(
    await notes(...settingsOf(set)),
    /these values have no effect: injection\.mode, podMonitor\.enabled, tls\.additionalCaBundle, tls\.mode\n/,
  );
  t.match(
    await notes('--set', 'cronjob.enabled=true', ...settingsOf(EVERY_SWITCH)),
    /no effect: .*deploymentAnnotations, deploymentLabels, .*serviceMonitor\.enabled/,
  );
});
