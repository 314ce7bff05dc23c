import t from 'tap';
import { CRON_JOB, type Rendering, OLD_NAME, OLD_SECRET, startOldValues, variable } from './support/old-values.ts';

const ROLE = 'arn:aws:iam::123456789012:role/pull';

const { render, objectsOf, keysOf } = await startOldValues(t);

/** What the CronJob's account may do. */
async function rulesFor(targetNamespace: string): Promise<unknown> {
  const objects = await objectsOf({ values: { ...CRON_JOB, targetNamespace } });
  const { rules } = { rules: [], ...objects['ClusterRole k8s-ecr-login-renew-role'] };
  return rules;
}

/** The image that a run gets if the values say this one. */
async function imageWith(dockerImage: string | null): Promise<string | undefined> {
  const rendered = await render({ values: { ...CRON_JOB, 'cronjob.dockerImage': dockerImage } });
  return /image: "(.*)"/.exec(rendered)?.[1];
}

t.test('the CronJob comes alone, with the old names, whatever else is switched on', async (t) => {
  const alone = [
    'ClusterRole k8s-ecr-login-renew-role',
    'ClusterRoleBinding k8s-ecr-login-renew-binding',
    'CronJob k8s-ecr-login-renew-cron',
    'Job k8s-ecr-login-renew-cron',
    'ServiceAccount k8s-ecr-login-renew-account',
    'ValidatingAdmissionPolicy k8s-ecr-login-renew-ecr-pull-secrets-secrets',
    'ValidatingAdmissionPolicyBinding k8s-ecr-login-renew-ecr-pull-secrets-secrets',
  ];
  t.same(await keysOf({ values: CRON_JOB }), alone);
  const switches = ['podMonitor', 'serviceMonitor', 'prometheusRule', 'grafanaDashboard'];
  const others = Object.fromEntries(switches.map((name) => [`${name}.enabled`, true]));
  const modes = { 'tls.mode': 'cert-manager', 'injection.mode': 'policy' };
  t.same(await keysOf({ values: { ...others, ...modes, ...CRON_JOB } }), alone);
});

t.test('it has the old schedule and limits, and those that keep it from piling up', async (t) => {
  const objects = await objectsOf({ values: CRON_JOB });
  t.match(objects['CronJob k8s-ecr-login-renew-cron'], {
    spec: {
      schedule: '0 */6 * * *',
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 5,
      startingDeadlineSeconds: undefined,
      jobTemplate: { spec: { activeDeadlineSeconds: 1800, backoffLimit: 3 } },
    },
  });
});

t.test('what the old values say of the CronJob holds', async (t) => {
  const objects = await objectsOf({
    values: {
      ...CRON_JOB,
      'cronjob.schedule': '30 */4 * * *',
      'cronjob.successfulJobsHistoryLimit': 1,
      'cronjob.failedJobsHistoryLimit': 2,
      'cronjob.startingDeadlineSeconds': 600,
      'cronjob.terminationGracePeriodSeconds': 0,
      'names.cronJob': 'ecr-renew',
      podAnnotations: { 'sidecar.istio.io/inject': 'false' },
      tolerations: { key: 'spot', operator: 'Exists' },
    },
  });
  t.match(objects['CronJob ecr-renew'], {
    spec: {
      schedule: '30 */4 * * *',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 2,
      startingDeadlineSeconds: 600,
      jobTemplate: {
        spec: {
          template: {
            metadata: { annotations: { 'sidecar.istio.io/inject': 'false' } },
            spec: {
              terminationGracePeriodSeconds: 0,
              tolerations: [{ key: 'spot', operator: 'Exists' }],
            },
          },
        },
      },
    },
  });
});

t.test('the old tool’s image gives way to ours; any other is kept', async (t) => {
  const ours = await imageWith(null);
  t.match(ours, /^registry\.example\.com\/ecr-pull-secrets:/);
  for (const old of [
    'nabsul/k8s-ecr-login-renew:v1.7.1',
    'ghcr.io/nabsul/k8s-ecr-login-renew',
    'mirror.example:5000/k8s-ecr-login-renew@sha256:0',
  ]) {
    t.equal(await imageWith(old), ours);
  }
  for (const other of ['mirror.example/ecr-pull-secrets:1', 'k8s-ecr-login-renew-fork:1']) {
    t.equal(await imageWith(other), other);
  }
});

t.test('it may do what a run does: with names alone not even list namespaces', async (t) => {
  const secret = {
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [OLD_SECRET],
    verbs: ['get', 'create', 'patch'],
  };
  t.same(await rulesFor('a,b'), [secret]);
  const list = { apiGroups: [''], resources: ['namespaces'], verbs: ['list'] };
  for (const pattern of ['team-*', 'team-?']) t.same(await rulesFor(pattern), [list, secret]);
});

t.test('registries with roles reach a run by a file, a text by a variable', async (t) => {
  const listed = await render({
    values: { ...CRON_JOB, registries: [{ host: 'public.ecr.aws', roleArn: ROLE }] },
  });
  t.equal(variable(listed, 'CONFIG_FILE'), '/etc/ecr-pull-secrets/config.json');
  t.match(listed, new RegExp(`config\\.json: .*${ROLE}`));
  const text = await render({ values: { ...CRON_JOB, registries: 'a.example,b.example' } });
  t.equal(variable(text, 'DOCKER_REGISTRIES'), 'a.example,b.example');
  t.notMatch(text, /CONFIG_FILE|kind: ConfigMap/);
});

t.test('keys come from the old Secret, made from values or not, or not at all', async (t) => {
  const made = { awsAccessKeyId: 'AKIA', awsSecretAccessKey: 's' };
  const kept = /secretKeyRef:\n +name: k8s-ecr-login-renew-aws-secret\n +key: AWS_ACCESS_KEY_ID\n/;
  for (const values of [CRON_JOB, { ...CRON_JOB, ...made }, {}, made]) {
    t.match(await render({ values }), kept);
  }
  const objects = await objectsOf({ values: { ...CRON_JOB, ...made } });
  t.match(objects['Secret k8s-ecr-login-renew-aws-secret'], {
    stringData: { AWS_ACCESS_KEY_ID: 'AKIA' },
  });
  t.notMatch(await render({ values: { ...CRON_JOB, aws: null } }), /secretKeyRef/);
});

t.test('a role and its binding never part, whichever of them was named', async (t) => {
  const objects = await objectsOf({ values: { 'names.clusterRoleBinding': 'mine' } });
  t.match(objects['ClusterRoleBinding mine'], { roleRef: { name: 'k8s-ecr-login-renew-role' } });
});

t.test('what a run could not do is refused by name, before the old release is touched', async (t) => {
  const refused = (values: Rendering['values'] = {}, message: RegExp, release = OLD_NAME) =>
    t.rejects(render({ release, values }), { message });
  await refused({ targetNamespace: 'team-(a|b)' }, /targetNamespace=team-\(a\|b\): names have only a-z/);
  await refused({ ...CRON_JOB, excludeNamespace: 'Team' }, /excludeNamespace=Team: names/);
  await refused({ ...CRON_JOB, targetNamespace: '' }, /cronjob\.enabled needs targetNamespace/);
  await refused(CRON_JOB, /cronjob\.enabled needs targetNamespace/, 'ecr');
  // Blocks, blanks and semicolons are the old chart's too.
  const rendered = await render({ values: { targetNamespace: 'a; b,\n\tteam-?\n' } });
  t.match(variable(rendered, 'TARGET_NAMESPACE'), /^a; b/);
});
