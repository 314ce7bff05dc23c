import fileSystem, { readdir, readFile, stat, symlink } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { certificateFile, privateKeyFile, writeFileSet } from '../../src/commands/file-set.ts';

const FILES = [privateKeyFile('tls.key', 'new key'), certificateFile('tls.crt', 'new certificate')];

/** Every file of a folder, hidden ones too. */
async function contentsOf(directory: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(directory, { withFileTypes: true });
  const files = entries.map(async (entry) => {
    const content = entry.isDirectory() ? 'a folder' : readFile(join(directory, entry.name), 'utf8');
    return [entry.name, await content] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

t.test('files get their rights and their folders are made, whatever the umask', async (t) => {
  const directory = join(t.testdir(), 'deep', 'er');
  const before = process.umask(0);
  t.teardown(() => process.umask(before));
  await writeFileSet(directory, FILES, { replace: false });
  t.strictSame(await contentsOf(directory), { 'tls.key': 'new key', 'tls.crt': 'new certificate' });
  t.equal(await modeOf(join(directory, 'tls.key')), '600');
  t.equal(await modeOf(join(directory, 'tls.crt')), '644');
});

t.test('one file that is there stops all, and nothing changes', async (t) => {
  for (const name of ['tls.key', 'tls.crt']) {
    const directory = t.testdir({ [name]: 'old' });
    await t.rejects(writeFileSet(directory, FILES, { replace: false }), {
      code: 'ECRPS_FILE_EXISTS',
      message: `${join(directory, name)} is there already: choose another --out, or give --force to replace it`,
    });
    t.strictSame(await contentsOf(directory), { [name]: 'old' });
  }
});

t.test('a link that leads nowhere counts as a file that is there', async (t) => {
  const directory = t.testdir();
  const elsewhere = join(directory, 'elsewhere');
  await symlink(elsewhere, join(directory, 'tls.key'));
  await t.rejects(writeFileSet(directory, FILES, { replace: false }), {
    code: 'ECRPS_FILE_EXISTS',
  });
  await t.rejects(stat(elsewhere), { code: 'ENOENT' }, 'nothing is written through it');
});

t.test('of two runs at once one wins with all of its files', async (t) => {
  const directory = t.testdir();
  const runs = ['a', 'b'].map((content) =>
    writeFileSet(directory, [certificateFile('one', content), certificateFile('two', content)], {
      replace: false,
    }),
  );
  const results = await Promise.allSettled(runs);
  const winners = results.filter(({ status }) => status === 'fulfilled').length;
  const { one, two, ...others } = await contentsOf(directory);
  t.equal(winners, 1);
  t.equal(one, two);
  t.strictSame(others, {});
});

t.test('replaced files get the new rights, and no copy of the old key is left', async (t) => {
  const directory = t.testdir({ 'tls.key': 'old key', other: 'stays' });
  t.equal(await modeOf(join(directory, 'tls.key')), '644');
  await writeFileSet(directory, FILES, { replace: true });
  t.strictSame(await contentsOf(directory), {
    'tls.key': 'new key',
    'tls.crt': 'new certificate',
    other: 'stays',
  });
  t.equal(await modeOf(join(directory, 'tls.key')), '600');
});

t.test('if a file cannot be replaced, the others stay as they were', async (t) => {
  const directory = t.testdir({ 'tls.key': 'old key', 'tls.crt': { 'a folder': '' } });
  await t.rejects(writeFileSet(directory, FILES, { replace: true }), {
    code: 'ECRPS_FILE_UNUSABLE',
    message: `writing into ${directory}`,
  });
  t.strictSame(await contentsOf(directory), { 'tls.key': 'old key', 'tls.crt': 'a folder' });
});

t.test('a failure after the first file is in place puts everything back', async (t) => {
  const { rename } = fileSystem;
  const setRename = (value: typeof rename): void => {
    fileSystem.rename = value;
    syncBuiltinESMExports();
  };
  t.teardown(() => setRename(rename));
  let renames = 0;
  setRename(async (from, to) => {
    if (++renames === 2) throw new Error('the disk fell off');
    await rename(from, to);
  });
  for (const files of [{ 'tls.key': 'old key', 'tls.crt': 'old certificate' }, {}]) {
    renames = 0;
    const directory = t.testdir(files);
    const replace = Object.keys(files).length > 0;
    await t.rejects(writeFileSet(directory, FILES, { replace }), {
      code: 'ECRPS_FILE_UNUSABLE',
    });
    t.strictSame(await contentsOf(directory), files);
  }
});
