import { appendFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { cacheHelm } from './support/helm-cache.ts';

/** A Helm that counts its runs, with a chart and a file of values. */
async function startCounting(t: Test, failure?: string) {
  const folder = t.testdir({
    chart: { 'Chart.yaml': 'name: x', templates: { 'a.yaml': 'a' } },
    'values.yaml': 'a: 1',
    helm: 'the program',
  });
  const runs: (readonly string[])[] = [];
  const start = () =>
    cacheHelm({
      directory: join(folder, 'cache'),
      checkout: folder,
      command: join(folder, 'helm'),
      helm: async (args) => {
        runs.push(args);
        if (failure) throw new Error(failure);
        return { stdout: `run ${runs.length}`, stderr: '' };
      },
    });
  return { folder, chart: join(folder, 'chart'), values: join(folder, 'values.yaml'), runs, start };
}

t.test('the same rendering runs Helm once, also for the next process', async (t) => {
  const { chart, values, runs, start } = await startCounting(t);
  const args = ['template', 'x', chart, '--values', values];
  t.same(await (await start())(args), { stdout: 'run 1', stderr: '' });
  t.same(await (await start())(args), { stdout: 'run 1', stderr: '' });
  t.equal(runs.length, 1);
  t.equal((await (await start())(['lint', chart])).stdout, 'run 2', 'other arguments');
});

t.test('another checkout with the same content finds the answer, with its own paths', async (t) => {
  const folder = t.testdir({ helm: 'the program', one: { chart: { a: 'a' } }, other: { chart: { a: 'a' } } });
  const runs: string[] = [];
  const render = async (checkout: string) => {
    const helm = await cacheHelm({
      directory: join(folder, 'cache'),
      checkout,
      command: join(folder, 'helm'),
      helm: async (args) => {
        runs.push(checkout);
        return { stdout: `Linting ${args[1]}`, stderr: '' };
      },
    });
    return (await helm(['lint', join(checkout, 'chart')])).stdout;
  };
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  for (const checkout of [one, other, one]) t.equal(await render(checkout), `Linting ${checkout}/chart`);
  t.same(runs, [one]);
  await appendFile(join(other, 'chart', 'a'), 'b');
  await render(other);
  t.same(runs, [one, other], 'its chart is another now');
});

t.test('a change of any input runs Helm again', async (t) => {
  const { folder, chart, values, runs, start } = await startCounting(t);
  const helm = await start();
  const changes: Readonly<Record<string, () => Promise<unknown>>> = {
    'nothing, at the first run': async () => undefined,
    'a template': () => appendFile(join(chart, 'templates', 'a.yaml'), 'b'),
    'a new file': () => writeFile(join(chart, 'templates', 'b.yaml'), ''),
    'a removed file': () => rm(join(chart, 'Chart.yaml')),
    'the values': () => writeFile(values, 'a: 2'),
    'Helm itself': () => appendFile(join(folder, 'helm'), '.'),
  };
  for (const [name, change] of Object.entries(changes)) {
    await change();
    const before = runs.length;
    await helm(['template', 'x', chart, '-f', values]);
    await helm(['template', 'x', chart, '-f', values]);
    t.equal(runs.length, before + 1, name);
  }
});

t.test('what depends on more than the files that are named runs each time', async (t) => {
  const { folder, chart, values, runs, start } = await startCounting(t);
  const helm = await start();
  const impure = [
    ['install', 'x', chart],
    ['template', 'x', chart, `--values=${values}`],
    ['template', 'x', chart, '--values', `${values},${values}`],
    ['template', 'x', chart, '--set-file', `a=${values}`],
    ['template', 'x', chart, '--validate'],
  ];
  for (const args of impure) {
    const before = runs.length;
    await helm(args);
    await helm(args);
    t.equal(runs.length, before + 2, args.join(' '));
  }
  t.same(await readdir(join(folder, 'cache')), []);
});

t.test('half an answer, as a crash leaves it, is replaced', async (t) => {
  const { folder, chart, runs, start } = await startCounting(t);
  const helm = await start();
  await helm(['template', 'x', chart]);
  const [name = ''] = await readdir(join(folder, 'cache'));
  await writeFile(join(folder, 'cache', name), '');
  await helm(['template', 'x', chart]);
  await helm(['template', 'x', chart]);
  t.equal(runs.length, 2);
});

t.test('a refusal by the chart is remembered, another failure is not', async (t) => {
  const refusal = "helm template failed: Error: values don't meet the specifications of the schema";
  for (const [failure, runsOfTwo] of [
    [refusal, 1],
    ['helm template failed: Error: cannot allocate memory', 2],
  ] as const) {
    const { chart, runs, start } = await startCounting(t, failure);
    const helm = await start();
    await t.rejects(helm(['template', 'x', chart]), { message: failure });
    await t.rejects(helm(['template', 'x', chart]), { message: failure });
    t.equal(runs.length, runsOfTwo, failure);
  }
});

t.test('a file that changes while Helm runs leaves no answer', async (t) => {
  const { folder, chart } = await startCounting(t);
  const directory = join(folder, 'cache');
  const helm = await cacheHelm({
    directory,
    checkout: folder,
    command: join(folder, 'helm'),
    helm: async () => {
      await appendFile(join(chart, 'Chart.yaml'), '#');
      return { stdout: '', stderr: '' };
    },
  });
  await helm(['template', 'x', chart]);
  t.same(await readdir(directory), []);
});
