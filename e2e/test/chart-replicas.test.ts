import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';

const { notes, objects, render } = await startChart(t);

const NAME = 'ecr-pull-secrets';
const AUTOSCALED = '"" or null: an autoscaler sets the number of replicas';

async function specOf(kind: string, values: Readonly<Record<string, unknown>>): Promise<object | undefined> {
  const spec = (await objects(...settingsOf(values)))[`${kind} ${NAME}`]?.['spec'];
  return spec === undefined ? undefined : Object(spec);
}

t.test(AUTOSCALED, async (t) => {
  for (const replicaCount of [null, '']) {
    t.notOk('replicas' in ((await specOf('Deployment', { replicaCount })) ?? {}), String(replicaCount));
    t.match(await specOf('PodDisruptionBudget', { replicaCount }), { minAvailable: 1 });
    t.match(await notes(...settingsOf({ replicaCount })), 'Its minimum must be 2 or more');
  }
  t.match(await specOf('Deployment', { replicaCount: 0 }), { replicas: 0 });
  t.match(await specOf('Deployment', { replicaCount: 1_000_000 }), { replicas: 1_000_000 });
  t.match(await specOf('Deployment', {}), { replicas: 2 });
  t.notMatch(await notes(), 'autoscaler');
});

/** With a budget, and a number of replicas that an autoscaler sets. */
function renderAutoscaled(setting: string): Promise<string> {
  return render('--set', `replicaCount=null,podDisruptionBudget.${setting}`);
}

t.test('of an unknown number of replicas only a budget that covers all of them is rejected', async (t) => {
  for (const setting of ['minAvailable=5', 'minAvailable=99%', 'maxUnavailable=1'])
    t.ok(await renderAutoscaled(setting), setting);
  for (const setting of ['minAvailable=100%', 'maxUnavailable=0']) {
    await t.rejects(renderAutoscaled(setting), { message: /no node could be drained/ }, setting);
  }
});

/** With `failurePolicy: Fail` an update must not stop all replicas. */
const FAIL: Readonly<Record<string, RegExp | undefined>> = {
  'updateStrategy.type=Recreate': /Fail with updateStrategy\.type=Recreate: no pods could be created during an update/,
  'updateStrategy.rollingUpdate.maxUnavailable=2': /maxUnavailable=2: all replicas could stop at once/,
  'updateStrategy.rollingUpdate.maxUnavailable=100%': /maxUnavailable=100%: all replicas could stop at once/,
  'updateStrategy.rollingUpdate.maxUnavailable=100%,replicaCount=null': /maxUnavailable=100%: all replicas/,
  'replicaCount=1': /Fail needs replicaCount=2/,
  'updateStrategy.rollingUpdate.maxUnavailable=99%': undefined,
  'updateStrategy.rollingUpdate.maxUnavailable=1': undefined,
  'updateStrategy.rollingUpdate.maxUnavailable=50,replicaCount=null': undefined,
  'updateStrategy.type=Recreate,injection.mode=none': undefined,
};

t.test('failurePolicy Fail is rejected if an update stops all replicas', async (t) => {
  for (const [setting, message] of Object.entries(FAIL)) {
    const rendered = render('--set', `injection.failurePolicy=Fail,${setting}`);
    if (message) await t.rejects(rendered, { message }, setting);
    else t.ok(await rendered, setting);
    if (setting !== 'replicaCount=1') t.ok(await render('--set', setting), `${setting}, with Ignore`);
  }
});

async function constraintsWith(topologySpreadConstraints: unknown): Promise<unknown> {
  const { template } = Object(await specOf('Deployment', { topologySpreadConstraints }));
  return template.spec.topologySpreadConstraints;
}

t.test('a topology constraint counts only the pods of one revision, unless it has its own selector', async (t) => {
  const selected = {
    labelSelector: { matchLabels: { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/instance': NAME } },
    matchLabelKeys: ['pod-template-hash'],
  };
  const preferred = { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' };
  t.strictSame(await constraintsWith(null), [
    { topologyKey: 'kubernetes.io/hostname', ...preferred, ...selected },
    { topologyKey: 'topology.kubernetes.io/zone', ...preferred, ...selected },
  ]);
  const own = { topologyKey: 'rack', ...preferred, labelSelector: { matchLabels: { a: 'b' } } };
  const bare = { topologyKey: 'rack', ...preferred };
  t.strictSame(await constraintsWith([own, bare, { ...bare, labelSelector: null }]), [
    own,
    { ...bare, ...selected },
    { ...bare, ...selected },
  ]);
  t.strictSame(await constraintsWith([]), []);
});
