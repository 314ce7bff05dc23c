import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';
import { containersIn } from './support/containers.ts';
import { readManifest } from './support/manifest.ts';

const { render } = await startChart(t);

const DIGEST = `sha256:${'a'.repeat(64)}`;

async function imageWith(values: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  const rendered = await render(...settingsOf({ 'image.tag': 'v1', ...values }));
  const [first, ...others] = [...new Set(containersIn(readManifest(rendered)).map(({ image }) => image))];
  t.same(others, [], 'all containers have one image');
  return first;
}

/** The repository, the registry of the chart and that of a parent chart, and the image. */
const REGISTRIES: readonly (readonly [string, string, string, string])[] = [
  ['registry.example.com/ecr-pull-secrets', '', '', 'registry.example.com/ecr-pull-secrets'],
  ['team/ecr-pull-secrets', 'mirror.example.com', '', 'mirror.example.com/team/ecr-pull-secrets'],
  ['ecr-pull-secrets', 'mirror.example.com/proxy/', '', 'mirror.example.com/proxy/ecr-pull-secrets'],
  ['registry.example.com:5000/a/b', 'mirror.example.com:8443', '', 'mirror.example.com:8443/a/b'],
  ['localhost/a', '10.0.0.1:5000', '', '10.0.0.1:5000/a'],
  ['localhost:5000/a', '', 'global.example.com', 'global.example.com/a'],
  ['registry.example.com/a', 'mirror.example.com', 'global.example.com', 'global.example.com/a'],
];

t.test('a registry replaces that of the repository, and the one of a parent chart wins', async (t) => {
  for (const [repository, registry, imageRegistry, image] of REGISTRIES) {
    const values = {
      'image.repository': repository,
      'image.registry': registry,
      'global.imageRegistry': imageRegistry,
    };
    t.equal(await imageWith(values), `${image}:v1`, image);
    t.equal(await imageWith({ ...values, 'image.digest': DIGEST }), `${image}@${DIGEST}`, image);
  }
});

const PULL_SECRETS: readonly unknown[] = [
  ['a', 'b'],
  [{ name: 'a' }, { name: 'b' }],
  ['a', { name: 'b' }, 'a'],
  'a,b',
  ' a, b ',
];

t.test('pull secrets of our pods may be a list of names or objects, text, or one object', async (t) => {
  for (const path of ['imagePullSecrets', 'global.imagePullSecrets']) {
    const expected = await render('--set', `${path}={a,b}`);
    t.match(expected, /imagePullSecrets:\n +- name: a\n +- name: b\n/);
    for (const value of PULL_SECRETS) {
      t.equal(await render(...settingsOf({ [path]: value })), expected, `${path}: ${JSON.stringify(value)}`);
    }
    const one = await render('--set', `${path}={a}`);
    t.equal(await render(...settingsOf({ [path]: { name: 'a' } })), one, path);
    t.equal(await render(...settingsOf({ [path]: '' })), await render(), `${path} is empty`);
  }
});
