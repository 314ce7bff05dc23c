import { readFile } from 'node:fs/promises';
import t from 'tap';

interface Package {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const path = new URL('../../package-lock.json', import.meta.url);
const { packages }: { readonly packages: Readonly<Record<string, Package>> } = JSON.parse(await readFile(path, 'utf8'));
/** What npm fetches: neither our own packages nor the links to them. */
const fetched = Object.entries(packages).filter(([folder, { link }]) => folder.includes('node_modules/') && !link);

const HINT = 'remove what is listed from package-lock.json, run: npm run lock';

t.test('npm verifies each package by its hash', (t) => {
  t.ok(fetched.length > 400);
  const unverified = fetched.filter(([, one]) => !one.integrity?.startsWith('sha512-'));
  t.strictSame(
    unverified.map(([folder]) => folder),
    [],
    HINT,
  );
  t.end();
});

t.test('no package is bound to a registry', (t) => {
  const bound = fetched.filter(([, { resolved }]) => resolved !== undefined);
  t.strictSame(
    bound.map(([folder]) => folder),
    [],
    HINT,
  );
  t.end();
});

t.test('npm ci finds the packages of each platform', (t) => {
  const missing = Object.entries(packages).flatMap(([parent, one]) =>
    Object.keys({ ...one.dependencies, ...one.optionalDependencies }).filter((name) => !isFound(parent, name)),
  );
  t.strictSame(missing, [], 'use a registry that has the packages of all platforms');
  t.end();
});

/** As Node searches: in the package's own folder, then in each folder above it. */
function isFound(parent: string, name: string): boolean {
  const folders = parent.split('/');
  return [...folders.keys(), folders.length].some((depth) =>
    Object.hasOwn(packages, [...folders.slice(0, depth), 'node_modules', name].join('/')),
  );
}
