import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NOW, root } from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { sequence, set, utf8 } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  attribute,
  makeCertificate,
  privateKeyPem,
  toPem,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { makeSet, TARGET } from './support/certificates.ts';
import { runLine } from './support/command-line.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

t.test('a set is made that the API server will accept, the key for its owner alone', async (t) => {
  const clock = createFakeClock(Date.UTC(2026, 5, 1));
  const { ca, out } = await makeSet(t.testdir(), { clock });
  t.strictSame((await readdir(out)).toSorted(), ['ca.crt', 'tls.crt', 'tls.key']);
  t.equal((await stat(join(out, 'tls.key'))).mode & 0o777, 0o600);
  const bundle = await readFile(join(out, 'ca.crt'), 'utf8');
  t.equal(bundle, await readFile(join(ca, 'ca.crt'), 'utf8'));
  const certificate = new X509Certificate(await readFile(join(out, 'tls.crt')));
  t.match(certificate.subjectAltName, 'DNS:hook.apps.svc');
  t.equal(certificate.validToDate.getTime(), clock.now() + 365 * DAY_MS);
});

t.test('OpenSSL accepts the set under its strict rules', { skip: !hasOpenssl }, async (t) => {
  const { out } = await makeSet(t.testdir(), { clock: createFakeClock(Date.now()) });
  const rules = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'hook.apps.svc'];
  const files = ['-CAfile', 'ca.crt', 'tls.crt'];
  const { stdout, stderr } = spawnSync('openssl', ['verify', ...rules, ...files], {
    cwd: out,
    encoding: 'utf8',
  });
  t.equal(stdout, 'tls.crt: OK\n', stderr);
});

t.test('more names and another life can be chosen', async (t) => {
  const { ca } = await makeSet(t.testdir());
  const out = join(t.testdirName, 'more');
  const more = ['--dns', 'hook.example.com', '--dns', 'a.b', '--days', '30', '--out', out];
  const args = ['certs', 'serving', '--ca-dir', ca, ...TARGET, ...more];
  const { exitCode, stdout, stderr } = await runLine(args);
  t.equal(exitCode, 0, stderr);
  const names = 'hook.apps.svc, hook.example.com, a.b';
  const made = `made ${out}/tls.key and ${out}/tls.crt for ${names}, valid until 2026-01-31T00:00:00.000Z\n`;
  t.equal(stdout, made);
  t.equal(stderr, '');
  const certificate = new X509Certificate(await readFile(join(out, 'tls.crt')));
  t.match(certificate.subjectAltName, /, DNS:hook\.example\.com, DNS:a\.b$/);
});

t.test('a life longer than that of the CA is cut, with a note', async (t) => {
  const clock = createFakeClock();
  const { ca } = await makeSet(t.testdir(), { clock });
  await clock.advance(3600 * DAY_MS);
  const out = join(t.testdirName, 'late');
  const args = ['certs', 'serving', '--ca-dir', ca, ...TARGET, '--out', out];
  const { exitCode, stdout, stderr } = await runLine(args, { clock });
  t.equal(exitCode, 0, stderr);
  t.match(stdout, 'valid until 2035-12-30T00:00:00.000Z');
  t.equal(stderr, 'note: it ends with its CA, before the 365 days are over\n');
});

t.test('a CA that cannot sign is named with the reason, and nothing is written', async (t) => {
  const clock = createFakeClock();
  const { ca, out } = await makeSet(t.testdir(), { clock });
  const other = join(t.testdirName, 'other');
  const signWith = (folder: string) =>
    runLine(['certs', 'serving', '--ca-dir', folder, ...TARGET, '--out', other], { clock });

  const missing = await signWith(out);
  t.equal(missing.exitCode, 1);
  t.match(missing.stderr, /: reading .*\/set\/ca\.key: ENOENT: .* \[ECRPS_FILE_UNUSABLE\]\n$/);

  await clock.advance(3651 * DAY_MS);
  const late = await signWith(ca);
  t.equal(late.exitCode, 1);
  t.match(late.stderr, `the CA in ${ca} cannot sign: the CA certificate expired at `);
  t.match(late.stderr, '[ECRPS_CA_INVALID]');

  await writeFile(join(ca, 'ca.key'), await readFile(join(out, 'tls.key')));
  t.match((await signWith(ca)).stderr, 'the private key does not belong to the certificate');
  await t.rejects(stat(other), { code: 'ENOENT' });
});

t.test('a set that is there is not replaced without --force; with it all of the set is new', async (t) => {
  const { ca, out } = await makeSet(t.testdir());
  const before = await readFile(join(out, 'tls.key'), 'utf8');
  const args = ['certs', 'serving', '--ca-dir', ca, ...TARGET, '--out', out];
  const refused = await runLine(args);
  t.equal(refused.exitCode, 1);
  t.match(refused.stderr, `${out}/tls.key is there already: choose another --out, or give --force`);
  t.equal(await readFile(join(out, 'tls.key'), 'utf8'), before);

  t.equal((await runLine([...args, '--force'])).exitCode, 0);
  t.not(await readFile(join(out, 'tls.key'), 'utf8'), before);
  t.equal((await runLine(['certs', 'verify', '--dir', out, ...TARGET])).exitCode, 0);
});

t.test('a bundle that lists the CA beside another stays: a rotation is under way', async (t) => {
  const { ca, out } = await makeSet(t.testdir());
  const next = await makeSet(join(t.testdirName, 'next'));
  const bundlePath = join(out, 'ca.crt');
  const sign = (folder: string) => {
    const place = ['--out', out, '--force'];
    return runLine(['certs', 'serving', '--ca-dir', folder, ...TARGET, ...place]);
  };
  await appendFile(bundlePath, await readFile(join(next.out, 'ca.crt')));
  const both = await readFile(bundlePath, 'utf8');
  for (const folder of [ca, next.ca]) {
    t.equal((await sign(folder)).exitCode, 0);
    t.equal(await readFile(bundlePath, 'utf8'), both);
  }

  const third = await makeSet(join(t.testdirName, 'third'));
  t.equal((await sign(third.ca)).exitCode, 0);
  t.equal(await readFile(bundlePath, 'utf8'), await readFile(join(third.out, 'ca.crt'), 'utf8'));
});

t.test('the ca.crt of another CA is not replaced without --force', async (t) => {
  const { ca } = await makeSet(t.testdir());
  const out = join(t.testdirName, 'next');
  await runLine(['certs', 'ca', '--out', out]);
  const args = ['certs', 'serving', '--ca-dir', ca, ...TARGET, '--out', out];
  const { exitCode, stderr } = await runLine(args);
  t.equal(exitCode, 1);
  t.match(stderr, `${out}/ca.crt is there already`);
  t.strictSame((await readdir(out)).toSorted(), ['ca.crt', 'ca.key'], 'and no half set is left');
});

t.test('a name that cannot be called is refused', async (t) => {
  const cases = [
    ['--service', 'Hook', 'is not a name of a-z, 0-9 and "-", 63 at most'],
    ['--service', 'a.b', 'is not a name of a-z, 0-9 and "-", 63 at most'],
    ['--namespace', 'a'.repeat(64), 'is not a name of a-z, 0-9 and "-", 63 at most'],
    ['--dns', '*.example.com', 'is not a DNS name'],
    ['--dns', '10.0.0.1', 'is an address, not a DNS name'],
    ['--ca-dir', '', 'is empty'],
  ] as const;
  const needed = { '--ca-dir': 'a', '--service': 's', '--namespace': 'n', '--out': 'o' };
  for (const [option, value, problem] of cases) {
    const options = Object.entries({ ...needed, [option]: value }).flat();
    const { exitCode, stderr } = await runLine(['certs', 'serving', ...options]);
    t.equal(exitCode, 2);
    t.match(stderr, `${option} ${JSON.stringify(value)} ${problem} [ECRPS_USAGE_INVALID]`);
  }
});

t.test('a CA whose subject has two attributes in one set signs', async (t) => {
  const subject = sequence(set(attribute('2.5.4.10', utf8('acme')), attribute('2.5.4.11', utf8('platform'))));
  const directory = t.testdir({
    'ca.crt': toPem(makeCertificate(root({ subject }))),
    'ca.key': privateKeyPem('rsa-2048'),
  });
  const clock = createFakeClock(NOW.getTime());
  const out = join(directory, 'set');
  const args = ['certs', 'serving', '--ca-dir', directory, '--out', out, ...TARGET];
  const { exitCode, stderr } = await runLine(args, { clock });
  t.equal(exitCode, 0, stderr);
  t.equal((await runLine(['certs', 'verify', '--dir', out, ...TARGET], { clock })).exitCode, 0);
});
