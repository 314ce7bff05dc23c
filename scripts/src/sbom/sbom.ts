import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Scanners of images look for files of this ending. */
export const SBOM_FILE = 'sbom.cdx.json';

const MANIFEST = fileURLToPath(new URL('../../../package.json', import.meta.url));

/** The line above each list of packages in the notices, with the list behind it. */
const LISTS = /^={80}\n((?:.+\n)+)/gm;

/** As the notices name a package: name, version and licence. */
const TITLE = /^(?:(@[^/ ]+)\/)?(\S+) (\S+) \((.+)\)$/;

interface Component {
  readonly type: 'application' | 'library';
  readonly 'bom-ref': string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly { readonly expression: string }[];
}

/** A software bill of materials, as CycloneDX 1.6 has it. */
interface Sbom {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.6';
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
}

/**
 * What the bundles are made of. A scanner sees one big file there and no packages, so it needs this list.
 * It says nothing about when it was made: the same bundles have the same SBOM.
 *
 * @param notices - the third-party notices that were made with the bundles
 * @throws if the notices name no package, or one in a way that cannot be read
 */
export function createSbom(notices: string, version: string): Sbom {
  const lists = [...notices.matchAll(LISTS)].map(([, list = '']) => list.trim());
  // A package may be there twice, with two texts.
  const titles = [...new Set(lists.flatMap((list) => list.split('\n')))];
  if (titles.length === 0) throw new Error('the notices name no package');
  const product = {
    type: 'application',
    'bom-ref': 'ecr-pull-secrets',
    name: 'ecr-pull-secrets',
    version,
    purl: `pkg:generic/ecr-pull-secrets@${version}`,
    licenses: [{ expression: 'Apache-2.0' }],
  } as const;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: product },
    components: titles.toSorted().map(readTitle),
  };
}

function readTitle(title: string): Component {
  const [, group, name, version, expression] = TITLE.exec(title) ?? [];
  if (!name || !version || !expression) throw new Error(`not a package of the notices: ${title}`);
  const path = group ? `${encodeURIComponent(group)}/${name}` : name;
  const purl = `pkg:npm/${path}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    ...(group ? { group } : {}),
    name,
    version,
    purl,
    licenses: [{ expression }],
  };
}

/** Writes the bill of materials beside the bundles, and returns its path. */
export async function writeSbom(directory: string): Promise<string> {
  const { version }: { version: string } = JSON.parse(await readFile(MANIFEST, 'utf8'));
  const notices = await readFile(join(directory, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  const path = join(directory, SBOM_FILE);
  await writeFile(path, `${JSON.stringify(createSbom(notices, version), null, 2)}\n`);
  return path;
}
