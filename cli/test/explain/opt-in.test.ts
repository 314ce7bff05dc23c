import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { optInFindings } from '../../src/explain/opt-in-findings.ts';
import { configuredWith, labelledWith, policyWith, WEBHOOK, worldWith } from './support/world.ts';

t.test('a namespace with the label has opted in', async (t) => {
  t.same(optInFindings(worldWith()), [
    { step: 'label', state: 'ok', message: `the namespace payments has the label ${INJECT_LABEL}=enabled` },
  ]);
});

t.test('near misses of the label, and the command that corrects each', async (t) => {
  const command = `kubectl label namespace payments ${INJECT_LABEL}=enabled`;
  const cases: readonly (readonly [labels: Readonly<Record<string, string>>, message: RegExp, command: string])[] = [
    [{}, /has no label ecr-pull-secrets\.io\/inject: the webhook requires/, command],
    [{ team: 'a', 'example.com/inject': 'enabled' }, /has no label/, command],
    ...['enable', 'Enabled', 'true', ''].map(
      (value) =>
        [{ [INJECT_LABEL]: value }, new RegExp(`has ${INJECT_LABEL}=${value}, but`), `${command} --overwrite`] as const,
    ),
    ...[
      'ecr-pull-secret.io/inject',
      'ecr-pull-secrets.io/injct',
      'ecr-pull-secrets.io/Inject',
      'ecr-pull-secrets/inject',
    ].map((key) => [{ [key]: 'enabled' }, /probably misspelt/, `${command} ${key}-`] as const),
  ];
  for (const [labels, message, expected] of cases) {
    const findings = optInFindings(labelledWith(labels));
    t.match(findings, [{ step: 'label', state: 'problem', message, command: expected }], JSON.stringify(labels));
    t.equal(findings.length, 1);
  }
});

t.test('the selector of the cluster decides, not the default', async (t) => {
  const selector = {
    matchExpressions: [
      { key: 'team', operator: 'Exists' },
      { key: 'stage', operator: 'In', values: ['test', 'live'] },
      { key: 'frozen', operator: 'DoesNotExist' },
    ],
  };
  const webhook = { ...WEBHOOK, namespaceSelector: selector };
  const webhooks = { found: [{ metadata: { name: 'x' }, webhooks: [webhook] }] };
  t.match(optInFindings(labelledWith({ team: 'a', stage: 'live' }, { webhooks })), [{ state: 'ok' }]);
  t.match(optInFindings(labelledWith({ stage: 'live', frozen: 'yes' }, { webhooks })), [
    { message: /requires the label team/, command: 'kubectl label namespace payments team=enabled' },
    { message: /requires no label frozen, but the namespace has frozen=yes/, command: undefined },
  ]);
});

t.test('exclusions by the webhook configuration and by a value', async (t) => {
  const named = worldWith({ subject: { namespace: 'kube-system' } });
  t.match(optInFindings(named), [{ state: 'problem', message: /excludes the namespace kube-system by its name/ }]);
  const unlabelled = labelledWith({}, { subject: { namespace: 'kube-system' } });
  t.match(optInFindings(unlabelled), [{ message: /by its name: run the workload in another/, command: undefined }]);
  t.equal(optInFindings(unlabelled).length, 1, 'a label would change nothing');
  const byName = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a'] }] };
  const webhooks = { found: [{ metadata: { name: 'x' }, webhooks: [{ ...WEBHOOK, namespaceSelector: byName }] }] };
  t.match(optInFindings(worldWith({ webhooks })), [{ message: /selects namespaces by their names, and payments is/ }]);
  const excluded = configuredWith({ EXCLUDE_NAMESPACE: 'kube-*,pay*, other' });
  t.match(optInFindings(excluded), [
    { state: 'ok' },
    {
      state: 'problem',
      message: /excludeNamespace \(kube-\*, pay\*, other\)/,
      command: /excludeNamespace='kube-\*\\,other'$/,
    },
  ]);
});

t.test('a namespace that does not exist, ends, or cannot be read', async (t) => {
  t.match(optInFindings(worldWith({ namespace: { missing: true } })), [
    { state: 'problem', message: /does not exist/ },
  ]);
  const metadata = { name: 'payments', labels: { [INJECT_LABEL]: 'enabled' }, deletionTimestamp: 'x' };
  t.match(optInFindings(worldWith({ namespace: { found: { metadata } } })), [{ message: /is being deleted/ }, {}]);
  t.match(optInFindings(worldWith({ namespace: { unread: 'you lack the right' } })), [
    { state: 'unknown', message: /you lack the right/ },
  ]);
  const nothingRead = { namespace: { unread: 'no right to it' }, deployment: { unread: 'no right to deployments' } };
  t.match(optInFindings(worldWith(nothingRead)), [
    { message: /the labels cannot be read: no right to it$/ },
    { step: 'namespace', state: 'unknown', message: /no right to deployments/ },
  ]);
  t.match(optInFindings(labelledWith({}, { webhooks: { unread: 'no right to it' } })), [
    { state: 'problem', message: /this is the default, .* webhook cannot be read: no right to it$/ },
  ]);
  t.match(optInFindings(worldWith({ deployment: { unread: 'you lack the right' } })), [
    { state: 'ok' },
    { state: 'unknown', message: /Deployment ecr-pull-secrets\/ecr-pull-secrets: you lack the right; the defaults/ },
  ]);
});

t.test('in policy mode the selectors of the policy decide', async (t) => {
  const policy = policyWith({ namespaceSelector: { matchLabels: { team: 'a' } } });
  const world = { webhooks: { found: [] }, policies: { found: [policy] } };
  t.match(optInFindings(labelledWith({ team: 'a' }, world)), [{ state: 'ok', message: /has the label team=a$/ }]);
  t.match(optInFindings(labelledWith({ team: 'b' }, world)), [
    { state: 'problem', message: /has team=b, but the policy requires the label team=a$/, command: /--overwrite$/ },
  ]);
  const byName = {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['payments'] }],
  };
  const excluding = { ...world, policies: { found: [policyWith({ namespaceSelector: byName })] } };
  t.match(optInFindings(labelledWith({}, excluding)), [{ message: /^the policy excludes the namespace payments/ }]);
  const others = { metadata: { name: 'theirs' }, spec: { mutations: [{ jsonPatch: 'imagePullSecrets' }] } };
  const foreign = { ...world, policies: { found: [others] } };
  t.match(optInFindings(labelledWith({}, foreign)), [{ message: /the webhook requires/ }], 'a policy of somebody else');
});

t.test('a selector that was changed by hand is compared with that of the renewer', async (t) => {
  const env = { NAMESPACE_SELECTOR: `${INJECT_LABEL}=enabled` };
  const webhooks = { found: [{ metadata: { name: 'x' }, webhooks: [{ ...WEBHOOK, namespaceSelector: {} }] }] };
  const namespace = { found: { metadata: { name: 'payments' } } };
  t.match(optInFindings(configuredWith(env, { webhooks, namespace })), [
    { state: 'note', message: /^the webhook requires no label of the namespace payments$/ },
    {
      state: 'problem',
      message: /^the webhook selects the namespace payments, but the renewer does not select it \(ecr-pull-secrets/,
      command: 'kubectl edit mutatingwebhookconfiguration x',
    },
  ]);
  const narrow = { ...WEBHOOK, namespaceSelector: { matchLabels: { team: 'a' } } };
  const narrowed = { found: [{ metadata: { name: 'x' }, webhooks: [narrow] }] };
  t.match(optInFindings(configuredWith(env, { webhooks: narrowed })), [
    { message: /requires the label team=a/ },
    { message: /^the webhook does not select the namespace payments, but the renewer selects it .* changed by hand$/ },
  ]);
  t.same(
    optInFindings(configuredWith(env)).map(({ state }) => state),
    ['ok'],
  );
});
