// Adds to package-lock.json the optional packages of platforms that the registry at hand does not have.
//
// npm leaves out of the lockfile what it cannot fetch, and `npm ci` then refuses that lockfile ("Missing: …
// from lock file"), although nobody would install those packages here. A complete mirror writes the same
// entries, and their integrity. Run it after `npm install`, as `npm run lock` does.
import { readFileSync, writeFileSync } from 'node:fs';

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const { packages } = lock;

const added = Object.entries(packages).flatMap(([parent, { dev, optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !isThere(parent, name))
    .map(([name, version]) => {
      const words = name.split(/[/-]/);
      const only = (known) => words.filter((word) => known.includes(word));
      packages[`node_modules/${name}`] = {
        version,
        ...(only(PROCESSORS).length > 0 ? { cpu: only(PROCESSORS) } : {}),
        ...(dev ? { dev } : {}),
        ...(/musl/.test(name) ? { libc: ['musl'] } : /gnu/.test(name) ? { libc: ['glibc'] } : {}),
        optional: true,
        // Of a name that says no system nothing is known but that it is not for here.
        os: only(SYSTEMS).length > 0 ? only(SYSTEMS) : ['none'],
      };
      return name;
    }),
);

lock.packages = Object.fromEntries(
  Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1)),
);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`added ${added.length} packages of other platforms\n`);

/** Whether Node would find a package from the folder of its parent. */
function isThere(parent, name) {
  for (
    let folder = parent;
    ;
    folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')
  ) {
    if (packages[`${folder}${folder ? '/' : ''}node_modules/${name}`]) return true;
    if (folder === '' || !folder.includes('node_modules'))
      return Boolean(packages[`node_modules/${name}`]);
  }
}
