import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openFactsFile } from '../src/renewer-facts.ts';
import { recordLog } from './support/webhook.ts';

t.test('facts follow the file, and are undefined without it', async (t) => {
  const factsDirectory = t.testdir();
  const path = join(factsDirectory, 'facts.json');
  const { logger, lines } = recordLog();
  const file = openFactsFile({ logger }, { factsDirectory });
  await file.check();
  t.equal(file.current(), undefined);

  const facts = {
    version: 2,
    registries: ['https://a.example.com/', '*.b.example.com/team-a'],
    excludedNamespaces: ['kube-*', 'dev'],
  };
  writeFileSync(path, JSON.stringify(facts));
  await file.check();
  t.ok(file.current()?.covers('a.example.com/app'));
  t.ok(file.current()?.covers('x.b.example.com/team-a/app'));
  t.notOk(file.current()?.covers('x.b.example.com/team-b/app'));
  t.notOk(file.current()?.covers('a.example.com:443/app'));
  t.ok(file.current()?.excludes('kube-system'));
  t.notOk(file.current()?.excludes('payments'));

  writeFileSync(path, JSON.stringify({ ...facts, registries: [], excludedNamespaces: [] }));
  await file.check();
  t.ok(
    file.current()?.covers('c.example.com/app'),
    'every image counts as covered if the registries are not known yet',
  );
  t.notOk(file.current()?.excludes('kube-system'));

  rmSync(path);
  await file.check();
  t.equal(file.current(), undefined);
  t.strictSame(lines, []);
});

t.test('facts that cannot be read are undefined, and each problem is logged once', async (t) => {
  const factsDirectory = t.testdir();
  const path = join(factsDirectory, 'facts.json');
  const { logger, lines } = recordLog();
  const file = openFactsFile({ logger }, { factsDirectory });
  const good = JSON.stringify({ version: 2, registries: ['a'], excludedNamespaces: [] });
  let logged = 0;
  const tooMany = Array.from({ length: 401 }, (_, index) => `${index}.example`);
  const unusable = [
    '{',
    good.replace('2', '1'),
    '[]',
    good.replace('["a"]', '5'),
    good.replace('["a"]', JSON.stringify(tooMany)),
    good.replace('"a"', JSON.stringify('a'.repeat(1_101))),
  ];
  for (const text of unusable) {
    writeFileSync(path, good);
    await file.check();
    t.ok(file.current());
    writeFileSync(path, text);
    await file.check();
    await file.check();
    t.equal(file.current(), undefined, text);
    t.equal(lines.length, ++logged, text);
  }
  rmSync(path);
  mkdirSync(path);
  await file.check();
  await file.check();
  t.equal(lines.length, logged + 1);
});
