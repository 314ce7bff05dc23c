import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';
import { containersIn } from './support/containers.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';

const { notes, render } = await startChart(t);

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function selector(path: string, ...matchExpressions: readonly Expression[]): readonly string[] {
  return ['--set-json', `${path}.matchExpressions=${JSON.stringify(matchExpressions)}`];
}

const NAME = 'kubernetes.io/metadata.name';

/** The expression that selects every namespace. */
const EVERY: Expression = { key: NAME, operator: 'Exists' };

/** Values of namespaceSelector, and the selector that takes effect, in the syntax of `kubectl -l`. */
const EFFECTIVE: readonly (readonly [given: unknown, effective: string])[] = [
  [undefined, 'ecr-pull-secrets.io/inject=enabled'],
  [{}, 'ecr-pull-secrets.io/inject=enabled'],
  [null, 'ecr-pull-secrets.io/inject=enabled'],
  [{ matchLabels: null }, 'ecr-pull-secrets.io/inject=enabled'],
  [{ matchLabels: {}, matchExpressions: [] }, 'ecr-pull-secrets.io/inject=enabled'],
  // In YAML, "ecr-pull-secrets.io/inject:" without a value.
  [{ matchLabels: { 'ecr-pull-secrets.io/inject': null } }, 'ecr-pull-secrets.io/inject=enabled'],
  [
    { matchLabels: { 'ecr-pull-secrets.io/inject': null }, matchExpressions: [not('stage', 'live')] },
    'ecr-pull-secrets.io/inject=enabled,stage notin (live)',
  ],
  [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, 'ecr-pull-secrets.io/inject=enabled,!a'],
  [{ matchExpressions: [not('stage', 'live')] }, 'ecr-pull-secrets.io/inject=enabled,stage notin (live)'],
  [{ matchLabels: { team: 'a' } }, 'team=a'],
  [{ matchLabels: { team: 'a', 'ecr-pull-secrets.io/inject': null } }, 'team=a'],
  [
    { matchLabels: { team: 'a', 'ecr-pull-secrets.io/inject': 'enabled' } },
    'ecr-pull-secrets.io/inject=enabled,team=a',
  ],
  [{ matchExpressions: [{ key: 'team', operator: 'Exists' }, not('team', 'b')] }, 'team,team notin (b)'],
  [{ matchExpressions: [EVERY] }, NAME],
  [{ matchExpressions: [EVERY, not('stage', 'live')] }, `${NAME},stage notin (live)`],
];

function not(key: string, value: string): Expression {
  return { key, operator: 'NotIn', values: [value] };
}

/** The selector of an object of Kubernetes in the syntax of `kubectl -l`, without the terms that the chart always adds. */
function textOf({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const terms = matchExpressions
    .filter(({ key, values = [] }) => !(key === NAME && values.includes('kube-system')))
    .map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key;
      if (operator === 'DoesNotExist') return `!${key}`;
      return `${key} ${operator.toLowerCase()} (${values.join()})`;
    });
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...labels, ...terms].join() || NAME;
}

interface Webhook extends KubeObject {
  readonly webhooks: readonly { readonly namespaceSelector: Selector }[];
}

interface Policy extends KubeObject {
  readonly spec: { readonly matchConstraints: { readonly namespaceSelector: Selector } };
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly Expression[];
}

t.test(
  'the webhook, the policy and the renewer have the same selector, and the default is only for none',
  async (t) => {
    for (const [given, effective] of EFFECTIVE) {
      const values = { 'injection.mode': 'both', ...(given !== undefined && { namespaceSelector: given }) };
      const rendered = readManifest(await render('--kube-version', '1.36.0', ...settingsOf(values)));
      const name = JSON.stringify(given) ?? 'none';
      const { env = [] } = containersIn(rendered).find((one) => one.name === 'renewer') ?? {};
      t.equal(env.find((one) => one.name === 'NAMESPACE_SELECTOR')?.value, effective, name);
      const webhook = rendered.find((one): one is Webhook => one.kind === 'MutatingWebhookConfiguration');
      t.equal(textOf(webhook?.webhooks[0]?.namespaceSelector ?? {}), effective, name);
      const policy = rendered.find((one): one is Policy => one.kind === 'MutatingAdmissionPolicy');
      t.equal(textOf(policy?.spec.matchConstraints.namespaceSelector ?? {}), effective, name);
    }
  },
);

/** What the pod that `helm test` tries has instead of its defaults; `undefined` if there is nothing. */
async function triedPod(...settings: readonly string[]): Promise<unknown> {
  const [, text] = /- name: TEST_POD\n +value: (".*")/.exec(await render(...settings)) ?? [];
  return text === undefined ? undefined : JSON.parse(JSON.parse(text));
}

t.test('the pod of helm test has the labels that the selector requires', async (t) => {
  t.equal(await triedPod(), undefined);
  const wanted = [
    '--set',
    'injection.objectSelector.matchLabels.team=x',
    ...selector(
      'injection.objectSelector',
      { key: 'tier', operator: 'In', values: ['web', 'db'] },
      { key: 'team', operator: 'In', values: ['w', 'x'] },
      { key: 'ecr', operator: 'Exists' },
      { key: 'frozen', operator: 'DoesNotExist' },
      { key: 'cost', operator: 'NotIn', values: ['none'] },
    ),
  ];
  const labels = { ecr: 'enabled', team: 'x', tier: 'web' };
  t.strictSame(await triedPod(...wanted), { labels });
  const more = ['--set', 'helmTest.podLabels.tier=db,helmTest.podLabels.asked=by-a-condition'];
  t.strictSame(await triedPod(...wanted, ...more), {
    labels: { ...labels, asked: 'by-a-condition', tier: 'db' },
  });
});

/** The instruction in the notes to opt a namespace in. */
async function optingIn(...settings: readonly string[]): Promise<string | undefined> {
  return /^1\. Opt a namespace in:\n +(.*)$/m.exec(await notes(...settings))?.[1];
}

t.test('the notes contain the label that a namespace needs, or that it needs none', async (t) => {
  const command = 'kubectl label namespace <namespace>';
  t.equal(await optingIn(), `${command} ecr-pull-secrets.io/inject=enabled`);
  const some = selector('namespaceSelector', { key: 'tier', operator: 'In', values: ['a', 'b'] });
  t.equal(await optingIn(...some), `${command} tier=a`);
  const none = 'no label is needed: namespaceSelector selects every namespace';
  t.equal(await optingIn(...selector('namespaceSelector', EVERY)), none);
  const most = selector('namespaceSelector', EVERY, { key: 'frozen', operator: 'DoesNotExist' });
  t.equal(await optingIn(...most), `${none} that its matchExpressions do not exclude`);
});

t.test('if namespaces are selected by name, the notes mention no label, and there is no helm test', async (t) => {
  const byName = selector('namespaceSelector', { key: NAME, operator: 'In', values: ['payments', 'shop'] });
  const byLabel = ['--set-json', `namespaceSelector.matchLabels={"${NAME}":"payments"}`];
  for (const settings of [byName, byLabel]) {
    t.equal(await optingIn(...settings), 'no label is needed: namespaceSelector selects namespaces by name');
    t.match(await notes(...settings), '(not available, because namespaceSelector selects namespaces by name');
    t.notMatch(await render(...settings), 'helm.sh/hook: test');
    t.match(
      await notes(...settings, '--set', 'namespaceSelector.matchLabels.team=a'),
      'kubectl label namespace <namespace> team=a\n     (only for the namespaces that namespaceSelector selects by name)',
    );
  }
  for (const kept of [not(NAME, 'kube-system'), EVERY]) {
    t.match(await render(...selector('namespaceSelector', kept)), 'helm.sh/hook: test');
  }
});
