import t from 'tap';
import { imageRepository } from '../../src/release-check/chart-fields.ts';
import { listFiles, readText } from '../support/checkout.ts';

/** A namespace of a public registry, from which anyone could pull what its owner pushed. */
const NAMESPACE = /\b(?:ghcr\.io|quay\.io|docker\.io|gcr\.io|registry\.gitlab\.com|public\.ecr\.aws)\/[\w.-]+/g;

/** The product's name as an owner: anyone can register it, and we did not. */
const PRODUCT_AS_OWNER = /\b(?:ghcr\.io|quay\.io|docker\.io|github\.com|gitlab\.com)\/ecr-pull-secrets\b/g;

/** The official images, which Docker owns, with their mirror, and images of AWS. */
const OFFICIAL: ReadonlySet<string> = new Set([
  'docker.io/library',
  'public.ecr.aws/docker',
  'public.ecr.aws/rolesanywhere',
]);

/** Image references that are input of a test. Nothing pulls them. */
const INPUTS = /(?:^|\/)(?:test|testing|testbed)\//;

/** Addresses of packages with their hashes, and what is no text. */
const IGNORED = /^package-lock\.json$|\bgo\.(?:mod|sum)$|\.(?:png|gz|tgz)$/;

/** Ours, from the first release on. */
const [ours] = /^[^/]+\/[^/]+/.exec(imageRepository(await readText('chart/values.yaml')) ?? '') ?? [];

const files = (await listFiles()).filter((path) => !IGNORED.test(path));
const texts = await Promise.all(files.map(async (path) => [path, await readText(path)] as const));

function foreignIn(pattern: RegExp, isSearched: (path: string) => boolean): readonly string[] {
  const searched = texts.filter(([path]) => isSearched(path));
  const found = searched.flatMap(([path, text]) => [...text.matchAll(pattern)].map(([name]) => ({ path, name })));
  return found.filter(({ name }) => name !== ours && !OFFICIAL.has(name)).map(({ path, name }) => `${path}: ${name}`);
}

t.test('no default, page or file has an image or a chart in a namespace that is not ours', (t) => {
  t.strictSame(
    foreignIn(NAMESPACE, (path) => !INPUTS.test(path)),
    [],
  );
  t.end();
});

t.test('no file, tests included, has an address whose owner has only the name of the product', (t) => {
  t.strictSame(
    foreignIn(PRODUCT_AS_OWNER, () => true),
    [],
  );
  t.end();
});
