import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../src/bundle/bundle.ts';
import { createSbom } from '../../src/sbom/sbom.ts';

const RULE = '='.repeat(80);

t.test('each package of the notices is a component, once', (t) => {
  const notices = `Head\n\n${RULE}\n@s/b 2.0.0 (MIT)\na 1.0.0 ((BSD-3-Clause OR GPL-2.0))\n\nTEXT\n\n${RULE}\na 1.0.0 ((BSD-3-Clause OR GPL-2.0))\n\nc 3.0.0 (ISC) is not in a list\n`;
  const { metadata, components } = createSbom(notices, '0.1.0');
  t.match(metadata.component, { name: 'ecr-pull-secrets', version: '0.1.0' });
  t.strictSame(components, [
    {
      type: 'library',
      'bom-ref': 'pkg:npm/%40s/b@2.0.0',
      group: '@s',
      name: 'b',
      version: '2.0.0',
      purl: 'pkg:npm/%40s/b@2.0.0',
      licenses: [{ expression: 'MIT' }],
    },
    {
      type: 'library',
      'bom-ref': 'pkg:npm/a@1.0.0',
      name: 'a',
      version: '1.0.0',
      purl: 'pkg:npm/a@1.0.0',
      licenses: [{ expression: '(BSD-3-Clause OR GPL-2.0)' }],
    },
  ]);
  t.end();
});

t.test('notices that it cannot read are an error, not an empty SBOM', (t) => {
  t.throws(() => createSbom('', '0.1.0'), { message: 'the notices name no package' });
  t.throws(() => createSbom(`${RULE}\na 1.0.0\n\nTEXT\n`, '0.1.0'), {
    message: 'not a package of the notices: a 1.0.0',
  });
  t.end();
});

t.test('it names what is in the bundle, in the versions of the lockfile, and no tool', async (t) => {
  const directory = t.testdir();
  await bundle(directory);
  const notices = await readFile(join(directory, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  const lock = JSON.parse(await readFile(new URL('../../../package-lock.json', import.meta.url), 'utf8'));
  const { components } = createSbom(notices, '0.1.0');
  const versionOf = (wanted: string) => components.find(({ name }) => name === wanted)?.version;
  t.ok(components.length > 50);
  for (const name of ['fastify', 'node-forge', 'pino']) {
    t.equal(versionOf(name), lock.packages[`node_modules/${name}`].version, name);
  }
  t.equal(versionOf('esbuild'), undefined);
  t.equal(new Set(components.map((component) => component['bom-ref'])).size, components.length);
});
