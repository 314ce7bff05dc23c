import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { runLine } from './support/command-line.ts';

const clock = createFakeClock(Date.UTC(2026, 5, 1));

t.test('a CA and its key are made in a new folder, the key for its owner alone', async (t) => {
  const out = join(t.testdir(), 'new', 'ca');
  const { exitCode, stdout, stderr } = await runLine(['certs', 'ca', '--out', out], {
    clock,
  });
  t.equal(exitCode, 0, stderr);
  t.match(stdout, `made ${out}/ca.crt, valid until 2036-05-29T00:00:00.000Z\nmade ${out}/ca.key,`);
  t.notMatch(stdout + stderr, 'PRIVATE KEY');
  t.strictSame((await readdir(out)).toSorted(), ['ca.crt', 'ca.key']);
  t.equal((await stat(join(out, 'ca.key'))).mode & 0o777, 0o600);
  const certificate = new X509Certificate(await readFile(join(out, 'ca.crt')));
  t.match(certificate.subject, /^CN=ecr-pull-secrets\n/);
  t.equal(certificate.ca, true);
});

t.test('its name and its days can be chosen', async (t) => {
  const out = t.testdir();
  const options = ['--out', out, '--name', 'Späth & Söhne', '--days', '30'];
  const { stdout } = await runLine(['certs', 'ca', ...options], { clock });
  t.match(stdout, 'valid until 2026-07-01T00:00:00.000Z');
  const certificate = new X509Certificate(await readFile(join(out, 'ca.crt')));
  t.match(certificate.subject, /^CN=Späth & Söhne\n/);
});

t.test('a key that is there is not replaced without --force', async (t) => {
  const out = t.testdir({ 'ca.key': 'precious' });
  const args = ['certs', 'ca', '--out', out];
  const refused = await runLine(args, { clock });
  t.equal(refused.exitCode, 1);
  t.equal(
    refused.stderr,
    `ecr-pull-secrets certs: ${out}/ca.key is there already: ` +
      'choose another --out, or give --force to replace it [ECRPS_FILE_EXISTS]\n',
  );
  t.strictSame(await readdir(out), ['ca.key']);
  t.equal(await readFile(join(out, 'ca.key'), 'utf8'), 'precious');

  t.equal((await runLine([...args, '--force'], { clock })).exitCode, 0);
  t.match(await readFile(join(out, 'ca.key'), 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/);
});

t.test('a folder that cannot be made is reported with the words of the system', async (t) => {
  const file = join(t.testdir({ file: '' }), 'file');
  const { exitCode, stderr } = await runLine(['certs', 'ca', '--out', join(file, 'ca')]);
  t.equal(exitCode, 1);
  t.match(stderr, /: writing into .*\/file\/ca: ENOTDIR: .* \[ECRPS_FILE_UNUSABLE\]\n$/);
});

t.test('a life or a name that makes no sense is refused before anything is made', async (t) => {
  const out = join(t.testdir(), 'ca');
  const cases = [
    ['--days', '0', 'is not a number of days from 1 to 7300'],
    ['--days', 'x', 'is not a number of days from 1 to 7300'],
    ['--days', '1.5', 'is not a number of days from 1 to 7300'],
    ['--days', '7301', 'is not a number of days from 1 to 7300'],
    ['--name', '', 'is not 1 to 64 printable characters'],
    ['--name', 'a\nb', 'is not 1 to 64 printable characters'],
    ['--name', 'a'.repeat(65), 'is not 1 to 64 printable characters'],
  ] as const;
  for (const [option, value, problem] of cases) {
    const args = ['certs', 'ca', '--out', out, option, value];
    const { exitCode, stderr } = await runLine(args);
    t.equal(exitCode, 2);
    t.match(stderr, `${option} ${JSON.stringify(value)} ${problem} [ECRPS_USAGE_INVALID]\n\nUsage: `);
  }
  await t.rejects(stat(out), { code: 'ENOENT' });
});
