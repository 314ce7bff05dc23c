import { readFile } from 'node:fs/promises';
import t from 'tap';
import { CHART_README, chartReadme, readValues } from '../src/chart-readme/readme.ts';
import type { ValuesSchema } from '../src/chart-readme/values.ts';
import { startChart } from './support/chart.ts';

const { lint, path: chart, render } = await startChart(t);

/** Refused by the schema, by `helm lint` too; the message names the key. */
const WRONG: Readonly<Record<string, RegExp>> = {
  'replicas=3': /at '': additional properties 'replicas' not allowed/,
  'webhook.resource.limits.memory=1Gi': /at '\/webhook': additional properties 'resource'/,
  'cronjob.scedule=x': /at '\/cronjob': additional properties 'scedule'/,
  'registries[0].host=a,registries[0].rolearn=b': /at '\/registries\/0': .*'rolearn'/,
  'replicaCount=two': /at '\/replicaCount': got string, want integer/,
  'networkPolicy.enabled=yes': /at '\/networkPolicy\/enabled': got string, want boolean/,
  'tolerations=spot': /at '\/tolerations': got string, want null or array or object/,
  'injection.timeoutSeconds=31': /at '\/injection\/timeoutSeconds': maximum: got 31, want 30/,
  'injection.timeoutSeconds=0': /at '\/injection\/timeoutSeconds': minimum: got 0, want 1/,
  'injection.failurePolicy=Sometimes': /at '\/injection\/failurePolicy': .* 'Ignore', 'Fail'/,
  'tls.mode=none': /at '\/tls\/mode': value must be one of 'self-managed', 'cert-manager'/,
  'tls.selfManaged.spread=1d': /at '\/tls\/selfManaged\/spread': '1d' does not match/,
  'image.digest=sha256:12': /at '\/image\/digest': 'sha256:12' does not match/,
  'webhook.port=99999': /at '\/webhook\/port': maximum: got 99,999, want 65,535/,
  'podLabels.cost=1': /at '\/podLabels\/cost': got number, want null or string/,
  'log.level=loud': /at '\/log\/level': value must be one of/,
  'webhook.drainSeconds=null': /at '\/webhook': missing property 'drainSeconds'/,
};

/** What a schema cannot say. */
const IMPOSSIBLE: Readonly<Record<string, RegExp>> = {
  'proxy=null': /proxy must not be null/,
  'serviceAccount.create=false': /serviceAccount\.create=false needs serviceAccount\.name/,
  'renewer.resources.limits.memory=1Xi': /renewer\.resources\.limits\.memory=1Xi is not a quantity/,
  'injection.failurePolicy=Fail,replicaCount=1': /Fail needs replicaCount=2/,
  'tls.mode=existing-secret': /needs tls\.existingSecret/,
  'tls.additionalCaBundle=ca.crt':
    /must be certificates as PEM: .*--set-file tls\.additionalCaBundle/,
  'tls.mode=cert-manager,tls.additionalCaBundle=-----BEGIN CERTIFICATE-----':
    /no effect with tls\.mode=cert-manager/,
};

for (const [setting, message] of Object.entries(WRONG)) {
  t.test(`${setting} is refused`, async (t) => {
    await t.rejects(render('--set', setting), { message });
    await t.rejects(lint('--set', setting), /helm lint failed/);
  });
}

for (const [setting, message] of Object.entries(IMPOSSIBLE)) {
  t.test(`${setting} is refused`, (t) => t.rejects(render('--set', setting), { message }));
}

t.test('a chart above this one may say global and enabled', async (t) => {
  t.equal(await render('--set', 'global.registry=x,enabled=true'), await render());
});

t.test('what the old chart’s users write is taken', async (t) => {
  for (const setting of ['aws=null', 'names=null', 'forHelm=false', 'registries=a.example']) {
    t.ok(await render('--set', setting), setting);
  }
});

t.test('every value is in the schema, and the schema has no other', async (t) => {
  const schema = JSON.parse(await readFile(`${chart}/values.schema.json`, 'utf8'));
  const values = (await readValues()).map((value) => value.path);
  // For charts above this one; and a strategy that takes no more words.
  const more = ['enabled', 'updateStrategy.type'];
  t.same([...pathsIn(schema)].toSorted(), [...values, ...more].toSorted());
});

t.test('every value says what it means', async (t) => {
  for (const { path, defaultValue, comment } of await readValues()) {
    const isSwitch = path.endsWith('.enabled') || defaultValue === undefined;
    if (!isSwitch && comment.length === 0) t.fail(path);
  }
  t.pass();
});

t.test('the table in the README is made from them', async (t) => {
  t.equal(await readFile(CHART_README, 'utf8'), await chartReadme(), 'run: npm run chart-readme');
});

/** Of all groups and what is in them. */
function* pathsIn({ properties = {} }: ValuesSchema, prefix = ''): Generator<string> {
  for (const [key, value] of Object.entries(properties)) {
    yield `${prefix}${key}`;
    yield* pathsIn(value, `${prefix}${key}.`);
  }
}
