import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { fullNameOf } from '@ecr-pull-secrets/shared/image-reference.ts';
import { createKeyring } from '@ecr-pull-secrets/shared/keyring.ts';
import { KEYRING_CASES } from '@ecr-pull-secrets/shared/testing/keyring-cases.ts';
import { ECR_KEYS, OTHER_KEYS } from '@ecr-pull-secrets/shared/testing/registry-keys.ts';
import t from 'tap';
import { DEFAULT_KUBERNETES_MINOR } from '@ecr-pull-secrets/testbed/local-cluster/settings.ts';
import { buildGoProgram } from './support/go-program.ts';

/** The module that pins Kubernetes, so that the kubelet's own code answers. */
const KUBERNETES = fileURLToPath(new URL(`../../testbed/binaries/v${DEFAULT_KUBERNETES_MINOR}`, import.meta.url));
const kubelet = await buildGoProgram(t, 'keyring', KUBERNETES);

interface Answer {
  readonly names: readonly string[];
  readonly covered: readonly (readonly number[])[];
}

/** What the kubelet finds for each key, and how it calls the images. */
async function askKubelet(keys: readonly string[], images: readonly string[]): Promise<Answer> {
  return kubelet.run<Answer>([], Readable.from([JSON.stringify({ keys, images })]));
}

t.test('the table of cases is what the kubelet does', async (t) => {
  for (const { key, covered, uncovered } of KEYRING_CASES) {
    const {
      covered: [found],
    } = await askKubelet([key], [...covered, ...uncovered]);
    t.same(found, [...covered.keys()], key);
  }
});

const ECR = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const HOSTS = [ECR, ECR.replace('1', '2'), 'a.example', 'A.example', '[::1]', 'docker.io', 'host'];
const GLOBS = ['*.dkr.ecr.us-east-1.amazonaws.com', '*.dkr.ecr.*.amazonaws.com', '*.*', '*', '**.example'];
const PORTS = ['', ':443'];
const PATHS = ['', '/', '/a', '/team-a/', '/v2/', '/v2', '/v1/v1/a', '//a', '/a?b', '/%2561'];

function product(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.reduce<readonly string[]>((all, list) => all.flatMap((one) => list.map((other) => one + other)), ['']);
}

t.test('every combination of schemes, users, wildcards, ports and paths is as the kubelet has it', async (t) => {
  const keys = [
    ...product(
      ['', 'https://', 'https:'],
      ['', 'u:p@', 'a b@'],
      [...HOSTS, ...GLOBS, ''],
      [...PORTS, ':', ':x'],
      PATHS,
    ),
    ...ECR_KEYS,
    ...OTHER_KEYS,
  ];
  const images = product(HOSTS, PORTS, ['/a', '/team-a/x', '/v2/a', '/v1/a', ''], ['', `:1@sha256:${'0'.repeat(64)}`]);
  const { names, covered } = await askKubelet(keys, images);
  for (const [index, name] of names.entries()) {
    if (name !== '') t.equal(fullNameOf(images[index] ?? ''), name, name);
  }
  const differences = keys.flatMap((key, index) => {
    const covers = createKeyring([key]);
    const found = new Set(covered[index]);
    return [...names.entries()].flatMap(([number, name]) =>
      name === '' || covers(name) === found.has(number) ? [] : [`${key} ${name}`],
    );
  });
  t.same(differences.slice(0, 20), []);
  t.ok(covered.flat().length > 10_000);
});

t.test('a key that may be configured covers some image', async (t) => {
  const keys = [...ECR_KEYS, ...OTHER_KEYS];
  const images = keys.map((key) => {
    const address = key
      .replace(/^https?:\/\//, '')
      .replace(/^\*\./, '123456789012.')
      .replace('.*.', '.us-east-1.')
      .replace(/\/v[12]\//, '/');
    return address.includes('/') ? `${address}x` : `${address}/x`;
  });
  const { covered } = await askKubelet(keys, images);
  for (const [index, key] of keys.entries()) t.ok(covered[index]?.includes(index), `${key} ${images[index]}`);
});
