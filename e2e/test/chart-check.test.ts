import t from 'tap';
import { type Rendered, settingsOf, startChart } from './support/chart.ts';
import { EVERY_SWITCH } from './support/every-switch.ts';

const { objects } = await startChart(t);

const NAME = 'ecr-pull-secrets-check';
/** The oldest version of Kubernetes with MutatingAdmissionPolicies in v1. */
const WITH_POLICIES = ['--kube-version', '1.36.0'];

type Objects = Readonly<Record<string, Rendered>>;

/** The policy of the check; `undefined` if there is none. */
function policyIn(rendered: Objects) {
  return Object(rendered[`ValidatingAdmissionPolicy ${NAME}`]).spec;
}

function bindingIn(rendered: Objects) {
  return Object(rendered[`ValidatingAdmissionPolicyBinding ${NAME}`]).spec;
}

/** Values that change which pods are injected. */
const SELECTIONS: Readonly<Record<string, readonly string[]>> = {
  defaults: [],
  'every switch': settingsOf(EVERY_SWITCH),
  'excluded namespaces and further hosts': settingsOf({
    excludeNamespace: 'a,b-*',
    'injection.registryHosts': ['cache.example.com', 'mirror.example.com:5000'],
    namespaceSelector: { matchLabels: { team: 'x' } },
    dockerSecretName: 'theirs',
  }),
};

t.test('it exists in each mode that injects, and warns by default', async (t) => {
  for (const mode of ['webhook', 'policy', 'both']) {
    const rendered = await objects('--set', `injection.mode=${mode}`, ...WITH_POLICIES);
    t.match(policyIn(rendered), { failurePolicy: 'Ignore' }, mode);
    t.same(bindingIn(rendered), { policyName: NAME, validationActions: ['Warn', 'Audit'] }, mode);
  }
});

t.test('deny is the only value by which it refuses a pod, and none leaves it out', async (t) => {
  const deny = await objects('--set', 'injection.check=deny');
  t.same(bindingIn(deny), { policyName: NAME, validationActions: ['Deny', 'Audit'] });
  t.same(policyIn(deny), policyIn(await objects()), 'nothing else differs');
  t.equal(policyIn(deny).failurePolicy, 'Ignore');
  for (const setting of ['injection.check=none', 'injection.mode=none', 'cronjob.enabled=true,targetNamespace=a']) {
    const rendered = await objects('--set', setting);
    t.same([policyIn(rendered), bindingIn(rendered)], [undefined, undefined], setting);
  }
});

for (const [title, settings] of Object.entries(SELECTIONS)) {
  t.test(`${title}: it selects the pods that the webhook and the policy select`, async (t) => {
    const rendered = await objects('--set', 'injection.mode=both', ...WITH_POLICIES, ...settings);
    const check = policyIn(rendered);
    const injects = Object(rendered['MutatingAdmissionPolicy ecr-pull-secrets']).spec;
    for (const field of ['matchConstraints', 'matchConditions', 'variables']) {
      t.ok(check[field]);
      t.same(check[field], injects[field], field);
    }
    const [webhook] = Object(rendered['MutatingWebhookConfiguration ecr-pull-secrets']).webhooks;
    const { resourceRules: rules, ...selectors } = check.matchConstraints;
    t.match(webhook, { rules, ...selectors });
    t.same(
      check.matchConditions.filter(({ name }: { name: string }) => name !== 'not-an-excluded-namespace'),
      webhook.matchConditions,
      'the webhook itself knows the excluded namespaces',
    );
  });
}

async function messageOf(...settings: readonly string[]): Promise<string> {
  return policyIn(await objects(...settings)).validations[0].message;
}

t.test('its message contains the name of the secret', async (t) => {
  t.match(await messageOf('--set', 'dockerSecretName=theirs'), /^this pod has an image .* do not contain "theirs"\./);
  t.match(await messageOf('--set', 'injection.injectAll=true'), /^this pod is in a namespace whose pods need/);
});

t.test('with a policy that injects, deny is possible with one replica', async (t) => {
  for (const mode of ['policy', 'both']) {
    const settings = ['--set', `injection.mode=${mode},injection.check=deny,replicaCount=1`, ...WITH_POLICIES];
    t.match(bindingIn(await objects(...settings)), { validationActions: ['Deny', 'Audit'] }, mode);
  }
});
