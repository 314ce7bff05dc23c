import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../src/bundle/bundle.ts';

/** A log message of the renewer alone. */
const OF_THE_RENEWER = 'wrote the pull secret';

/** A text of each part of a package that takes memory and that a renewer in a pod does not use. */
const UNUSED: Readonly<Record<string, string>> = {
  'client-node, which reads kubeconfigs': 'loadFromClusterAndUser',
  'the mocks in the index of undici': 'MockNotMatchedError',
  'the languages of zod': 'Ongeldige',
};

const IMPORT = /\b(?:from|import)\s*"\.\/([^"]+)"/g;

t.test('the bundle', async (t) => {
  const directory = t.testdir();
  await bundle(directory);

  await t.test('carries the notices of what is in it, and nothing of the tools', async (t) => {
    const notices = await readFile(join(directory, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    for (const name of ['fastify', '@aws-sdk/client-ecr', '@kubernetes/client-node', 'node-forge']) {
      t.match(notices, new RegExp(`^${name} \\d`, 'm'));
    }
    t.notMatch(notices, /^(tap|esbuild|typescript) \d/m);
  });

  await t.test('loads nothing in a renewer in a pod that only takes memory there', async (t) => {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.mjs'));
    const read = async (name: string) => [name, await readFile(join(directory, name), 'utf8')] as const;
    const texts = new Map(await Promise.all(names.map(read)));
    const loaded = new Set(names.filter((name) => texts.get(name)?.includes(OF_THE_RENEWER)));
    t.equal(loaded.size, 1);
    // A set yields also what is added meanwhile.
    for (const name of loaded) {
      for (const [, imported = ''] of (texts.get(name) ?? '').matchAll(IMPORT)) loaded.add(imported);
    }
    t.ok(loaded.size > 10, `${loaded.size} files`);
    for (const [part, text] of Object.entries(UNUSED)) {
      t.notOk(
        [...loaded].some((name) => texts.get(name)?.includes(text)),
        part,
      );
    }
  });
});
