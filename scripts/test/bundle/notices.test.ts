import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { thirdPartyNotices } from '../../src/bundle/notices.ts';

async function makePackage(root: string, path: string, manifest: object, licence?: string) {
  await mkdir(join(root, path), { recursive: true });
  await writeFile(join(root, path, 'package.json'), JSON.stringify(manifest));
  if (licence) await writeFile(join(root, path, 'LICENSE.md'), licence);
}

t.test('each package is named with its licence, and each text stands once', async (t) => {
  const root = t.testdir();
  const inner = 'node_modules/a/node_modules/@s/b';
  await makePackage(root, 'node_modules/a', { name: 'a', version: '1.0.0', license: 'MIT' }, 'TEXT');
  await makePackage(root, inner, { name: '@s/b', version: '2.0.0', license: 'MIT' }, 'TEXT\n');
  await makePackage(root, 'node_modules/c', { name: 'c', version: '3.0.0', license: 'ISC' });

  const inputs = ['src/main.ts', 'node_modules/a/x.js', `${inner}/y.js`, 'node_modules/c/z.js'];
  const notices = await thirdPartyNotices(inputs, root);

  t.match(notices, '@s/b 2.0.0 (MIT)\na 1.0.0 (MIT)\n\nTEXT\n');
  t.equal(notices.split('TEXT').length, 2);
  t.match(notices, 'c 3.0.0 (ISC)\n\nThe package ships no text of ISC.');
});

t.test('a package that says nothing about its licence is not bundled unseen', async (t) => {
  const root = t.testdir();
  await makePackage(root, 'node_modules/a', { name: 'a', version: '1.0.0' });
  await t.rejects(thirdPartyNotices(['node_modules/a/x.js'], root), {
    message: 'a 1.0.0 names no licence',
  });
});
