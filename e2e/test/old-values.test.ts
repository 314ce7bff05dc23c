import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { startHelm } from './support/helm-without-cluster.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';

const CHART = fileURLToPath(new URL('../../chart', import.meta.url));
const PROFILE = `${CHART}/profiles/k8s-ecr-login-renew.yaml`;
/** Every value of the old chart with its default, as printed by `helm get values --all`. */
const OLD_VALUES = fileURLToPath(new URL('fixtures/old-chart/values.yaml', import.meta.url));

const OLD_NAME = 'k8s-ecr-login-renew';
const OLD_SECRET = `${OLD_NAME}-docker-secret`;
const ROLE = 'arn:aws:iam::123456789012:role/pull';

const CRON_JOB = { 'cronjob.enabled': true };

const helm = await startHelm(t);

interface Rendering {
  readonly release?: string;
  readonly files?: readonly string[];
  /** By path. */
  readonly values?: Readonly<Record<string, unknown>>;
}

async function render({ release = OLD_NAME, files = [], values = {} }: Rendering = {}) {
  const settings = Object.entries({ awsRegion: 'us-east-1', ...values });
  const place = [release, CHART, '--namespace', 'tools'];
  const { stdout } = await helm([
    'template',
    ...place,
    '--no-hooks',
    ...files.flatMap((file) => ['--values', file]),
    ...settings.flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]),
  ]);
  return stdout;
}

/** Every object by kind and name. */
async function objectsOf(rendering?: Rendering): Promise<Readonly<Record<string, KubeObject>>> {
  const objects = readManifest(await render(rendering));
  return Object.fromEntries(
    objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]),
  );
}

/** Kinds and names; the name of a first run without its digest. */
async function keysOf(rendering?: Rendering): Promise<readonly string[]> {
  const keys = Object.keys(await objectsOf(rendering));
  return keys.map((key) => key.replace(/^(Job .*)-[0-9a-f]{10}$/, '$1')).toSorted();
}

/** The permissions of the CronJob's ServiceAccount. */
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

/** What a container's variable is set to, the first one of that name; empty if there is none. */
function variable(rendered: string, name: string): string {
  return new RegExp(`- name: ${name}\\n +value: "?([^"\\n]*)`).exec(rendered)?.[1] ?? '';
}

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
  const { stdout } = await helm([
    'lint',
    '--strict',
    CHART,
    ...options,
    '--set',
    'awsRegion=us-east-1',
  ]);
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

t.test('only the CronJob is rendered, with the old names', async (t) => {
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

t.test('it has the old schedule and limits, and does not accumulate runs', async (t) => {
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

t.test('the old values configure the CronJob', async (t) => {
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

t.test('the image of the old tool is replaced by ours; any other is kept', async (t) => {
  const ours = await imageWith(null);
  t.match(ours, /^ghcr\.io\/ecr-pull-secrets\//);
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

t.test('a run may list namespaces only if there are wildcards', async (t) => {
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

t.test('a run gets a list of registries in a file, and a string in a variable', async (t) => {
  const listed = await render({
    values: { ...CRON_JOB, registries: [{ host: 'public.ecr.aws', roleArn: ROLE }] },
  });
  t.equal(variable(listed, 'CONFIG_FILE'), '/etc/ecr-pull-secrets/config.json');
  t.match(listed, new RegExp(`config\\.json: .*${ROLE}`));
  const text = await render({ values: { ...CRON_JOB, registries: 'a.example,b.example' } });
  t.equal(variable(text, 'DOCKER_REGISTRIES'), 'a.example,b.example');
  t.notMatch(text, /CONFIG_FILE|kind: ConfigMap/);
});

t.test('keys come from the old Secret, created by the chart or not', async (t) => {
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

t.test('the names of a role and its binding change together', async (t) => {
  const objects = await objectsOf({ values: { 'names.clusterRoleBinding': 'mine' } });
  t.match(objects['ClusterRoleBinding mine'], { roleRef: { name: 'k8s-ecr-login-renew-role' } });
});

t.test('forHelm=false omits the labels of Helm, and no others', async (t) => {
  const rendered = await render({ values: { ...CRON_JOB, forHelm: false } });
  t.notMatch(rendered, /helm\.sh|managed-by:/);
  t.match(rendered, /app\.kubernetes\.io\/instance: k8s-ecr-login-renew\n/);
});

t.test('values that a run does not support are rejected by name', async (t) => {
  const refused = (values: Rendering['values'] = {}, message: RegExp, release = OLD_NAME) =>
    t.rejects(render({ release, values }), { message });
  await refused(
    { targetNamespace: 'team-(a|b)' },
    /targetNamespace=team-\(a\|b\): names have only a-z/,
  );
  await refused({ ...CRON_JOB, excludeNamespace: 'Team' }, /excludeNamespace=Team: names/);
  await refused({ ...CRON_JOB, targetNamespace: '' }, /cronjob\.enabled needs targetNamespace/);
  await refused(CRON_JOB, /cronjob\.enabled needs targetNamespace/, 'ecr');
  // Blocks, blanks and semicolons were valid in the old chart too.
  const rendered = await render({ values: { targetNamespace: 'a; b,\n\tteam-?\n' } });
  t.match(variable(rendered, 'TARGET_NAMESPACE'), /^a; b/);
});

t.test('the profile sets only values of the old chart, and cronjob.enabled', async (t) => {
  const profile = parse(await readFile(PROFILE, 'utf8'));
  const old = parse(await readFile(OLD_VALUES, 'utf8'));
  const { enabled, ...cronjob } = profile.cronjob;
  t.equal(enabled, true);
  t.match(old, { ...profile, cronjob });
});
