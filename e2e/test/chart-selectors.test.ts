import t from 'tap';
import { startChart } from './support/chart.ts';

const { notes, render } = await startChart(t);

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function selector(path: string, ...matchExpressions: readonly Expression[]): readonly string[] {
  return ['--set-json', `${path}.matchExpressions=${JSON.stringify(matchExpressions)}`];
}

/** A namespaceSelector without the default label. */
const NO_LABELS = ['--set', 'namespaceSelector.matchLabels.ecr-pull-secrets\\.io/inject=null'];

t.test('an expression has values if its operator takes some, and only there', async (t) => {
  for (const path of ['namespaceSelector', 'injection.objectSelector']) {
    const place = `/${path.replace('.', '/')}/matchExpressions/0`;
    for (const operator of ['In', 'NotIn']) {
      const without = selector(path, { key: 'a', operator });
      await t.rejects(render(...without), { message: `${place}': missing property 'values'` });
      const empty = selector(path, { key: 'a', operator, values: [] });
      await t.rejects(render(...empty), { message: `${place}/values': minItems: got 0` });
      t.ok(await render(...selector(path, { key: 'a', operator, values: ['b'] })));
    }
    for (const operator of ['Exists', 'DoesNotExist']) {
      const superfluous = selector(path, { key: 'a', operator, values: ['b'] });
      await t.rejects(render(...superfluous), { message: `${place}/values': maxItems: got 1` });
      t.ok(await render(...selector(path, { key: 'a', operator })));
    }
  }
});

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
  t.equal(await optingIn(...NO_LABELS, ...some), `${command} tier=a`);
  const none = 'no label is needed: namespaceSelector selects every namespace';
  t.equal(await optingIn(...NO_LABELS), none);
  const not = selector('namespaceSelector', { key: 'frozen', operator: 'DoesNotExist' });
  t.equal(await optingIn(...NO_LABELS, ...not), `${none} that its matchExpressions do not exclude`);
});

t.test('if namespaces are selected by name, the notes mention no label, and there is no helm test', async (t) => {
  const key = 'kubernetes.io/metadata.name';
  const expression = (operator: string, ...values: readonly string[]) =>
    selector('namespaceSelector', { key, operator, ...(values.length > 0 && { values }) });
  const byLabel = ['--set-json', `namespaceSelector.matchLabels={"${key}":"payments"}`];
  for (const named of [expression('In', 'payments', 'shop'), byLabel]) {
    const settings = [...NO_LABELS, ...named];
    t.equal(await optingIn(...settings), 'no label is needed: namespaceSelector selects namespaces by name');
    t.match(await notes(...settings), '(not available, because namespaceSelector selects namespaces by name');
    t.notMatch(await render(...settings), 'helm.sh/hook: test');
    t.match(
      await notes(...named),
      'kubectl label namespace <namespace> ecr-pull-secrets.io/inject=enabled\n     (only for the namespaces that namespaceSelector selects by name)',
    );
  }
  for (const kept of [expression('NotIn', 'kube-system'), expression('Exists')]) {
    t.equal(await optingIn(...kept), 'kubectl label namespace <namespace> ecr-pull-secrets.io/inject=enabled');
    t.match(await render(...kept), 'helm.sh/hook: test');
  }
});
