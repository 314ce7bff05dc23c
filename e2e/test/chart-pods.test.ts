import t from 'tap';
import { type Rendered, settingsOf, startChart } from './support/chart.ts';
import { EVERY_SWITCH, EXISTING } from './support/every-switch.ts';

const { objects } = await startChart(t);

const NAME = 'ecr-pull-secrets';

type Values = Readonly<Record<string, unknown>>;

interface Pod {
  readonly metadata: Pick<Rendered['metadata'], 'labels' | 'annotations'>;
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly containers: readonly Readonly<Record<string, unknown>>[];
  };
}

/** The pods of an object, or those that it creates. */
function podsIn(value: unknown): readonly Pod[] {
  if (typeof value !== 'object' || value === null) return [];
  return isPod(value) ? [value] : Object.values(value).flatMap(podsIn);
}

function isPod(value: object): value is Pod {
  const { spec } = { spec: undefined, ...value };
  return typeof spec === 'object' && spec !== null && 'containers' in spec;
}

/** Every pod that exists with these values, by the object that creates it. */
async function podsWith(values: Values): Promise<Readonly<Record<string, Pod>>> {
  const settings = settingsOf({ ...values, targetNamespace: 'a' });
  const rendered = [
    ...Object.values(await objects(...settings)),
    ...Object.values(await objects(...settings, '--set', 'cronjob.enabled=true')),
  ];
  return Object.fromEntries(rendered.flatMap((object) => podsIn(object).map((pod) => [object.kind, pod])));
}

async function containersWith(values: Values): Promise<Pod['spec']['containers'] | undefined> {
  return (await podsWith(values))['Deployment']?.spec.containers;
}

/** Containers that get no AWS identity on EKS, if the values name these or say nothing. */
async function skippedWith(value: string | undefined): Promise<string | undefined> {
  const key = 'eks.amazonaws.com/skip-containers';
  const pods = await podsWith(value === undefined ? {} : { podAnnotations: { [key]: value } });
  return pods['Deployment']?.metadata.annotations?.[key];
}

t.test('every pod has the labels, annotations and settings of the values', async (t) => {
  const pods = await podsWith(EVERY_SWITCH);
  const names = { Deployment: NAME, Pod: `${NAME}-test`, CronJob: `${NAME}-cronjob` };
  for (const [kind, name] of Object.entries({ ...names, Job: names.CronJob })) {
    t.match(
      pods[kind],
      {
        metadata: {
          labels: {
            cost: 'shared',
            team: 'platform',
            // A Service or a NetworkPolicy selects pods by these labels.
            'app.kubernetes.io/name': name,
            'app.kubernetes.io/instance': NAME,
          },
          annotations: { 'example.com/note': 'x' },
        },
        spec: {
          imagePullSecrets: [{ name: 'umbrella' }, { name: 'one' }, { name: 'two' }],
          hostAliases: [{ ip: '10.0.0.9', hostnames: ['api.ecr.example'] }],
          runtimeClassName: EXISTING.runtimeClass,
          schedulerName: 'theirs',
          priorityClassName: EXISTING.priorityClass,
          tolerations: [{ key: 'spot', operator: 'Exists' }],
        },
      },
      kind,
    );
  }
  t.match(pods['Pod']?.metadata.annotations, { 'helm.sh/hook': 'test' });
  t.equal(Object.keys(pods).length, 4);
});

t.test('the pull secrets of a parent chart are merged with ours, without duplicates', async (t) => {
  const values = {
    global: { imagePullSecrets: ['one', 'x'] },
    imagePullSecrets: [{ name: 'one' }],
  };
  for (const { spec } of Object.values(await podsWith(values))) {
    t.same(spec['imagePullSecrets'], [{ name: 'one' }, { name: 'x' }]);
  }
});

t.test('containers are probed as often as the values say, and by default so', async (t) => {
  const seldom = { periodSeconds: 60, initialDelaySeconds: 5 };
  t.match(await containersWith({}), [
    {
      livenessProbe: { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
      readinessProbe: { periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 3 },
    },
    {
      livenessProbe: { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
      readinessProbe: { periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 15 },
    },
  ]);
  const probes = {
    webhook: { livenessProbe: seldom, readinessProbe: { failureThreshold: 9 } },
    renewer: { livenessProbe: seldom, readinessProbe: { failureThreshold: 9 } },
  };
  t.match(await containersWith(probes), [
    {
      livenessProbe: { ...seldom, httpGet: { path: '/livez' }, failureThreshold: 6 },
      readinessProbe: { periodSeconds: 2, failureThreshold: 9 },
    },
    {
      livenessProbe: { ...seldom, failureThreshold: 6 },
      readinessProbe: { httpGet: { path: '/readyz' }, failureThreshold: 9 },
    },
  ]);
  const untold = { periodSeconds: null, timeoutSeconds: null, failureThreshold: null };
  t.match(await containersWith({ renewer: { livenessProbe: untold } }), [
    {},
    { livenessProbe: { httpGet: { port: 'renewer-ops' }, periodSeconds: undefined } },
  ]);
});

t.test('a container has a startup probe only if the values have one', async (t) => {
  t.match(await containersWith({}), [{ startupProbe: undefined }, { startupProbe: undefined }]);
  const startupProbe = { failureThreshold: 30, periodSeconds: 2 };
  const both = { 'webhook.startupProbe': startupProbe, 'renewer.startupProbe': startupProbe };
  t.match(await containersWith(both), [
    { startupProbe: { ...startupProbe, httpGet: { path: '/livez', port: 'webhook-ops' } } },
    { startupProbe: { ...startupProbe, httpGet: { path: '/livez', port: 'renewer-ops' } } },
  ]);
});

t.test('every pod has hostUsers if the values have it', async (t) => {
  for (const hostUsers of [true, false]) {
    for (const [kind, { spec }] of Object.entries(await podsWith({ hostUsers })))
      t.equal(spec['hostUsers'], hostUsers, kind);
  }
  for (const { spec } of Object.values(await podsWith({}))) t.notOk('hostUsers' in spec);
});

t.test('containers and init containers can be added', async (t) => {
  const pods = await podsWith({
    extraContainers: [{ name: 'beside', image: 'x' }],
    extraInitContainers: [{ name: 'before', image: 'y' }],
  });
  t.match(pods['Deployment']?.spec, {
    containers: [{ name: 'webhook' }, { name: 'renewer' }, { name: 'beside', image: 'x' }],
    initContainers: [{ name: 'before', image: 'y' }],
  });
  for (const kind of ['CronJob', 'Job']) {
    t.match(pods[kind]?.spec, { initContainers: [{ name: 'before' }] }, kind);
    t.equal(pods[kind]?.spec.containers.length, 1, 'a run ends when its containers do');
  }
});

t.test('the webhook takes no AWS identity, even if the renewer takes none', async (t) => {
  t.equal(await skippedWith(undefined), 'webhook');
  t.equal(await skippedWith('x, y'), 'webhook,x,y');
  t.equal(await skippedWith('x,webhook'), 'webhook,x');
});

t.test('the Deployment can have annotations, and the ServiceAccount labels', async (t) => {
  const all = await objects(...settingsOf(EVERY_SWITCH));
  t.match(all[`Deployment ${NAME}`]?.metadata, {
    annotations: { 'reloader.stakater.com/auto': 'true' },
  });
  const labels = { team: 'x', 'app.kubernetes.io/name': 'never' };
  const made = await objects(...settingsOf({ 'serviceAccount.labels': labels }));
  t.match(made[`ServiceAccount ${NAME}`]?.metadata, {
    labels: { team: 'x', 'app.kubernetes.io/name': NAME },
  });
});

t.test('extra objects are part of the release, as an object or a string, and are evaluated as templates', async (t) => {
  const all = await objects(...settingsOf(EVERY_SWITCH));
  t.match(all[`ConfigMap ${NAME}-extra`], {
    metadata: { namespace: NAME, labels: { team: 'platform' } },
  });
  t.match(all['ConfigMap as-text'], { data: { release: NAME } });
});

t.test('labels are unique, whatever commonLabels contain', async (t) => {
  const component = { 'app.kubernetes.io/component': 'x' };
  const settings = settingsOf({ serviceMonitor: { enabled: true }, commonLabels: component });
  const all = await objects(...settings);
  t.match(all[`Service ${NAME}-metrics`]?.metadata.labels, {
    'app.kubernetes.io/component': 'metrics',
  });
  // `objects` rejects a key that is there twice.
  t.match(all[`Service ${NAME}`]?.metadata.labels, component);
});
