import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { DEPLOY_YAML } from '@ecr-pull-secrets/scripts/deploy-yaml/render.ts';
import { settingsOf, startChart } from './support/chart.ts';
import { type Container, containersIn } from './support/containers.ts';
import { EVERY_SWITCH, EXISTING } from './support/every-switch.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';

const { notes, render } = await startChart(t);

const NAME = 'ecr-pull-secrets';
/** `helm template` assumes its own version of Kubernetes, which has policies. */
const WITH_POLICIES = ['--kube-version', '1.36.0'];

interface Policy extends KubeObject {
  readonly spec: {
    readonly failurePolicy: string;
    readonly matchConditions: readonly { readonly expression: string }[];
    readonly variables: readonly { readonly expression: string }[];
    readonly validations: readonly { readonly expression: string; readonly message: string }[];
  };
}

/** The policies of the fence in a manifest, by their names; each has its binding. That of `injection.check` is another one. */
function policiesIn(manifest: string): Readonly<Record<string, Policy>> {
  const objects = readManifest(manifest).filter(({ metadata }) => !metadata.name.endsWith('-check'));
  const bound = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding');
  const policies = objects.filter((object): object is Policy => object.kind === 'ValidatingAdmissionPolicy');
  assert.deepEqual(
    bound.map((binding) => Object(binding).spec),
    policies.map(({ metadata }) => ({
      policyName: metadata.name,
      validationActions: ['Deny', 'Audit'],
    })),
  );
  return Object.fromEntries(policies.map((policy) => [policy.metadata.name, policy]));
}

/** Every expression of the fence in one string. */
function expressionsOf(policies: Readonly<Record<string, Policy>>): string {
  return Object.values(policies)
    .flatMap(({ spec }) => [spec.matchConditions, spec.variables, spec.validations].flat())
    .map(({ expression }) => expression)
    .join('\n');
}

const SECRETS = [`${NAME}-secrets`];
/** Only the renewer creates Events. */
const OF_RENEWER = [`${NAME}-events`, ...SECRETS];
const ALL = [...OF_RENEWER, `${NAME}-webhook-configuration`];

/** The policies by settings. */
const MODES: Readonly<Record<string, readonly [readonly string[], ...(readonly string[])]>> = {
  defaults: [ALL],
  'cert-manager': [ALL, '--set', 'tls.mode=cert-manager'],
  'existing-secret': [ALL, '--set', 'tls.mode=existing-secret,tls.existingSecret=mine'],
  policy: [OF_RENEWER, '--set', 'injection.mode=policy', ...WITH_POLICIES],
  both: [ALL, '--set', 'injection.mode=both', ...WITH_POLICIES],
  none: [OF_RENEWER, '--set', 'injection.mode=none'],
  cronjob: [SECRETS, '--set', 'cronjob.enabled=true,targetNamespace=a'],
  'without roles': [ALL, '--set', 'rbac.create=false'],
  'secrets that are kept': [ALL, '--set', 'optOut=keep'],
  evictions: [
    [`${NAME}-events`, `${NAME}-evictions`, ...SECRETS, `${NAME}-webhook-configuration`],
    '--set',
    'missedPods.evict=true',
  ],
  'with Roles alone': [[], '--set', 'cronjob.enabled=true,targetNamespace=a,rbac.namespaced=true'],
  'switched off': [[], '--set', 'fence.enabled=false'],
};

/** The number of policies, in words. */
function numberOf(mode: string): string {
  return ['none', 'one', 'two', 'three'][MODES[mode]?.[0].length ?? -1] ?? '';
}

for (const [mode, [expected, ...settings]] of Object.entries(MODES)) {
  t.test(`${mode}: there are the expected policies, and the process gets FENCE`, async (t) => {
    const rendered = await render(...settings);
    const policies = policiesIn(rendered);
    t.same(Object.keys(policies), expected);
    for (const { spec } of Object.values(policies)) {
      t.equal(spec.failurePolicy, 'Fail');
      t.same(
        spec.matchConditions.map(({ expression }) => expression),
        [`request.userInfo.?username.orValue("") == "system:serviceaccount:${NAME}:${NAME}"`],
      );
      for (const { message } of spec.validations) {
        t.match(message, /^identity fence of ecr-pull-secrets: /);
      }
    }
    const renewer = containersIn(readManifest(rendered)).find(({ name }) => name !== 'webhook');
    t.match(
      renewer?.env.find(({ name }) => name === 'FENCE'),
      {
        value: expected.length > 0 ? 'on' : 'off',
      },
    );
    const text = await notes(...settings.filter((option) => !WITH_POLICIES.includes(option)));
    if (expected.length > 0) t.notMatch(text, /fences/);
    else t.match(text, /No admission policy fences the ServiceAccount ecr-pull-secrets/);
  });
}

t.test('docs/security.md contains the number of policies of each mode', async (t) => {
  const page = await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const sentence = `The fence has ${numberOf('defaults')} policies with the webhook, ${numberOf('policy')} without it, ${numberOf('cronjob')} for the CronJob, and ${numberOf('switched off')} with \`rbac.namespaced\` or \`fence.enabled=false\`.`;
  t.match(page, sentence);
});

/** The rules about pods in the roles of a rendered release. */
async function podRightsWith(...settings: readonly string[]): Promise<readonly string[]> {
  const roles = readManifest(await render(...settings)).filter(({ kind }) => kind.endsWith('Role'));
  const rules = roles.flatMap((role): readonly { resources: string[]; verbs: string[] }[] => Object(role).rules);
  return rules
    .filter(({ resources }) => resources.some((resource) => resource.startsWith('pods')))
    .map(({ resources, verbs }) => `${resources.join()} ${verbs.join()}`);
}

t.test('there is a right to pods only if a value requires it', async (t) => {
  const withoutTest = ['--set', 'helmTest.enabled=false'];
  t.same(await podRightsWith(...withoutTest), ['pods list']);
  t.same(await podRightsWith(...withoutTest, '--set', 'missedPods.evict=true'), ['pods list', 'pods/eviction create']);
  const evict = ['--set', 'missedPods.evict=true', ...withoutTest];
  for (const off of [
    ['--set', 'missedPods.enabled=false'],
    ['--set', 'injection.mode=none'],
    ['--set-json', 'injection.matchConditions=[{"name":"a","expression":"true"}]'],
    ['--set', 'cronjob.enabled=true,targetNamespace=a'],
  ]) {
    t.same(await podRightsWith(...evict, ...off), [], off.join(' '));
    t.notMatch(await render(...evict, ...off), 'missedPods', off.join(' '));
  }
});

t.test('the fence uses every name that can be set', async (t) => {
  const names: Readonly<Record<string, readonly [string, ...(readonly RegExp[])]>> = {
    'the full name': ['fullnameOverride=full', /"full-ca"/, /"full-tokens"/, /== "full"/],
    'the secret’s': ['dockerSecretName=theirs', /^"theirs"$/m],
    'the ServiceAccount’s': ['serviceAccount.name=theirs', /:ecr-pull-secrets:theirs"/],
    'another one’s': ['names.serviceAccount=theirs', /:ecr-pull-secrets:theirs"/],
  };
  for (const [title, [setting, ...patterns]] of Object.entries(names)) {
    const expressions = expressionsOf(policiesIn(await render('--set', setting)));
    for (const pattern of patterns) t.match(expressions, pattern, title);
  }
  const everything = policiesIn(await render(...settingsOf(EVERY_SWITCH)));
  t.match(expressionsOf(everything), `:${EXISTING.serviceAccount}"`);
});

t.test('the pull secret must not have the name of a Secret of the renewer', async (t) => {
  for (const end of ['ca', 'tokens']) {
    await t.rejects(render('--set', `dockerSecretName=${NAME}-${end}`), {
      message: /of the renewer itself; choose another/,
    });
  }
});

t.test('the sed command in docs/migrating.md changes the name of the secret in the fence too', async (t) => {
  const page = await readFile(new URL('../../docs/migrating.md', import.meta.url), 'utf8');
  const [, from = '', to = ''] = /sed 's\/("[^/]+)\/("[^/]+)\/' deploy\.yaml/.exec(page) ?? [];
  t.equal(from, '"ecr-pull-secret"');
  const lines = (await readFile(DEPLOY_YAML, 'utf8')).split('\n');
  // As sed without the flag g: the first match in each line.
  const renamed = lines.map((line) => line.replace(from, to)).join('\n');
  t.equal(lines.filter((line) => line.includes(from)).length, 6, 'as the page says');
  t.match(page, 'in six places');
  t.notMatch(renamed, from);
  t.match(expressionsOf(policiesIn(renamed)), new RegExp(`^${to}$`, 'm'));
});

t.test('the webhook’s container gets no right and no key', async (t) => {
  for (const [mode, [, ...settings]] of Object.entries(MODES)) {
    const rendered = await render(...settings, ...AWS_KEYS);
    const objects = readManifest(rendered);
    const webhook = containersIn(objects).find(({ name }) => name === 'webhook');
    const pod = Object(objects.find(({ kind }) => kind === 'Deployment'))?.spec?.template.spec;
    t.not(pod?.automountServiceAccountToken, true, mode);
    if (!webhook) continue;
    const mounts = mountsOf(webhook);
    t.ok(mounts.length > 0, mode);
    for (const mount of mounts) {
      t.equal(mount.readOnly, true, `${mode}: ${mount.name}`);
      t.notMatch(mount.name, /service-account|config/, mode);
    }
    t.notMatch(JSON.stringify(webhook), /AWS_|aws-secret|secretKeyRef|serviceaccount/, mode);
    t.notMatch(JSON.stringify(webhook), /envFrom/, mode);
  }
});

const AWS_KEYS = ['--set', 'awsAccessKeyId=AKIA,awsSecretAccessKey=s'];

interface Mount {
  readonly name: string;
  readonly readOnly?: boolean;
}

function mountsOf(container: Container): readonly Mount[] {
  return Object(container).volumeMounts ?? [];
}

t.test('optInPolicy.enabled creates a policy for the labels in namespaceSelector', async (t) => {
  const on = ['--set', 'optInPolicy.enabled=true'];
  t.notMatch(await render(), /opt-in/);
  t.notMatch(
    await render(...on, '--set', 'cronjob.enabled=true,targetNamespace=a'),
    /opt-in/,
    'a CronJob reads no label',
  );
  t.match(await notes(...on, '--set', 'cronjob.enabled=true,targetNamespace=a'), /no effect: optInPolicy.enabled/);
  const keysOf = async (...settings: readonly string[]): Promise<unknown> => {
    const policy = readManifest(await render(...on, ...settings)).find(
      (object): object is Policy =>
        object.kind === 'ValidatingAdmissionPolicy' && object.metadata.name === `${NAME}-opt-in`,
    );
    assert.ok(policy);
    const [, keys] = /^(\[.*?\])\.all/.exec(policy.spec.validations[0]?.expression ?? '') ?? [];
    return keys === undefined ? undefined : JSON.parse(keys);
  };
  t.same(await keysOf(), ['ecr-pull-secrets.io/inject']);
  const selector = {
    matchLabels: { 'ecr-pull-secrets.io/inject': null, team: 'x' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['a'] },
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['b'] },
    ],
  };
  t.same(await keysOf(...settingsOf({ namespaceSelector: selector })), ['team', 'tier']);
  const all = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'Exists' }] };
  t.equal(await keysOf(...settingsOf({ namespaceSelector: all })), undefined, 'no label counts');
});
