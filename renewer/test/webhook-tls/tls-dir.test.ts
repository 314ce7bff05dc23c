import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { writeTlsFiles } from '../../src/webhook-tls/tls-dir.ts';

/** Long enough that a torn file would show. */
function versionOf(number: number): Record<string, string> {
  const body = `${number} `.repeat(2000);
  return { 'tls.crt': `certificate ${body}`, 'tls.key': `key ${body}`, 'ca.crt': `ca ${body}` };
}

async function readAll(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of Object.keys(versionOf(0))) files[name] = await readFile(join(directory, name), 'utf8');
  return files;
}

/** The directory's entries, with the random part of the version's name left out. */
async function entriesOf(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.map((name) => name.replace(/^(\.\.version-).{6}$/, '$1')).toSorted();
}

const SETTLED = ['..data', '..version-', 'ca.crt', 'tls.crt', 'tls.key'];

t.test('files appear as links into one version, closed to other users', async (t) => {
  const directory = join(t.testdir(), 'tls');
  await writeTlsFiles(directory, versionOf(1));

  t.strictSame(await readAll(directory), versionOf(1));
  t.strictSame(await entriesOf(directory), SETTLED);
  t.equal(await readlink(join(directory, 'tls.crt')), '..data/tls.crt');
  t.match(await readlink(join(directory, '..data')), /^\.\.version-.{6}$/);
  t.equal((await stat(join(directory, 'tls.key'))).mode & 0o777, 0o600);
  t.equal((await stat(join(directory, '..data'))).mode & 0o777, 0o700);
});

t.test('a second version replaces the first and leaves nothing of it', async (t) => {
  const directory = t.testdir({ 'facts.json': '{}' });
  await writeTlsFiles(directory, { ...versionOf(1), 'old.crt': 'no longer given' });
  await writeTlsFiles(directory, versionOf(2));

  t.strictSame(await readAll(directory), versionOf(2));
  t.strictSame(await entriesOf(directory), [...SETTLED.slice(0, 3), 'facts.json', 'tls.crt', 'tls.key']);
});

t.test('what a crash left at any point is repaired by the next call', async (t) => {
  const broken: Record<string, (directory: string) => Promise<void>> = {
    'a half-written version': async (directory) => {
      await mkdir(join(directory, '..version-halfwr'));
      await writeFile(join(directory, '..version-halfwr', 'tls.crt'), 'certif');
    },
    'a link not yet in place': async (directory) => {
      await symlink('..version-absent', join(directory, '..new-link'));
    },
    'a switch to nothing': async (directory) => {
      await symlink('..version-absent', join(directory, '..data'));
    },
    'a link and a file in the way': async (directory) => {
      await symlink('elsewhere', join(directory, 'tls.crt'));
      await writeFile(join(directory, 'tls.key'), 'a plain file');
    },
  };
  for (const [title, breakIt] of Object.entries(broken)) {
    const directory = t.testdir();
    await breakIt(directory);
    await writeTlsFiles(directory, versionOf(1));
    t.strictSame(await readAll(directory), versionOf(1), title);
    t.strictSame(await entriesOf(directory), SETTLED, title);
  }
});

t.test('what earlier failures left does not fill the volume further', async (t) => {
  const directory = t.testdir();
  for (let attempt = 0; attempt < 3; attempt++)
    await t.rejects(writeTlsFiles(directory, { ...versionOf(1), 'no/such/folder': '' }));
  t.strictSame(await entriesOf(directory), ['..version-']);
});

t.test('a failed write leaves the version in place as it was', async (t) => {
  const directory = t.testdir();
  await writeTlsFiles(directory, versionOf(1));
  await t.rejects(writeTlsFiles(directory, { ...versionOf(2), 'no/such/folder': '' }), {
    code: 'ENOENT',
  });
  t.strictSame(await readAll(directory), versionOf(1));

  await writeTlsFiles(directory, versionOf(3));
  t.strictSame(await readAll(directory), versionOf(3));
  t.strictSame(await entriesOf(directory), SETTLED);
});

/** Reads both files of one version as the webhook does; `undefined` when that one is gone. */
async function readPair(directory: string): Promise<string[] | undefined> {
  try {
    const version = join(directory, await readlink(join(directory, '..data')));
    return [await readFile(join(version, 'tls.crt'), 'utf8'), await readFile(join(version, 'tls.key'), 'utf8')];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

t.test('readers at any moment see one whole version, never a mixed pair', async (t) => {
  const directory = t.testdir();
  const rounds = 200;
  const seen = new Set<string>();
  const mixed: string[][] = [];
  const state = { writing: true };

  const readOn = async () => {
    while (state.writing) {
      const pair = await readPair(directory);
      const [certificate = '', key = ''] = pair ?? [];
      if (key.replace('key', 'certificate') !== certificate) mixed.push([certificate, key]);
      if (certificate) seen.add(certificate);
    }
  };
  const writeOn = async () => {
    for (let round = 0; round < rounds; round++) await writeTlsFiles(directory, versionOf(round));
    state.writing = false;
  };
  await Promise.all([writeOn(), readOn(), readOn()]);

  t.strictSame(mixed, []);
  const whole = new Set(Array.from({ length: rounds }, (_, round) => versionOf(round)['tls.crt']));
  t.strictSame(
    [...seen].filter((certificate) => !whole.has(certificate)),
    [],
    'never a torn file',
  );
  t.ok(seen.size > 10, `${seen.size} of ${rounds} versions were seen`);
});
