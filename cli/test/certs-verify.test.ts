import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { caExtensions, below, NOW, root, toCase } from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { dnsName, nameConstraints } from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { makeSet, TARGET } from './support/certificates.ts';
import { runLine } from './support/command-line.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

t.test('a good set is reported in one line with its end', async (t) => {
  const clock = createFakeClock();
  const { out } = await makeSet(t.testdir(), { clock });
  await clock.advance(100 * DAY_MS);
  const args = ['certs', 'verify', '--dir', out, ...TARGET, '--dns', 'hook.apps'];
  t.strictSame(await runLine(args, { clock }), {
    exitCode: 0,
    stdout:
      `good: ${out}/tls.crt serves hook.apps.svc, hook.apps until 2027-01-01T00:00:00.000Z, in 265 days; ` +
      `its key fits and ${out}/ca.crt trusts it\n`,
    stderr: '',
  });
});

t.test('files that lie apart are named one by one', async (t) => {
  const { ca, out } = await makeSet(t.testdir());
  const files = ['--ca', join(ca, 'ca.crt'), '--cert', join(out, 'tls.crt')];
  const args = ['certs', 'verify', ...files, '--key', join(out, 'tls.key'), ...TARGET];
  const { exitCode, stdout } = await runLine(args);
  t.equal(exitCode, 0);
  t.match(stdout, `its key fits and ${ca}/ca.crt trusts it`);
});

t.test('each problem stands on a line of its own, and the exit status is 1', async (t) => {
  const clock = createFakeClock();
  const { out } = await makeSet(t.testdir(), { clock });
  const other = await makeSet(join(t.testdirName, 'other'), { clock });
  for (const name of ['ca.crt', 'tls.key']) await writeFile(join(out, name), await readFile(join(other.out, name)));
  await clock.advance(366 * DAY_MS);
  const args = ['certs', 'verify', '--dir', out, ...TARGET, '--dns', 'hook.example.com'];
  const { exitCode, stdout, stderr } = await runLine(args, { clock });
  t.equal(exitCode, 1);
  const [dates, names, key, chain, end] = stdout.split('\n');
  t.equal(dates, 'the certificate expired at 2027-01-01T00:00:00.000Z');
  t.match(names, /^the certificate is not for hook\.example\.com: add it to the subject/);
  t.equal(key, 'the private key does not belong to the certificate');
  t.match(chain, /^no CA of the bundle signed the certificate: issuer CN=ecr-pull-secrets, /);
  t.equal(end, '');
  t.equal(
    stderr,
    `ecr-pull-secrets certs: ${out}/tls.crt cannot serve hook.apps.svc, hook.example.com: ` +
      '4 problems [ECRPS_CERTIFICATE_INVALID]\n',
  );
});

t.test('no problem ever quotes a key', async (t) => {
  const { out } = await makeSet(t.testdir());
  const key = await readFile(join(out, 'tls.key'), 'utf8');
  const [, line = ''] = key.split('\n');
  await writeFile(join(out, 'tls.key'), key.slice(0, 400));
  await writeFile(join(out, 'ca.crt'), key);
  const { stdout, stderr } = await runLine(['certs', 'verify', '--dir', out, ...TARGET]);
  t.match(stdout, 'the private key cannot be read: it must be an unencrypted PEM block\n');
  t.match(stdout, 'the CA bundle holds a private key: everybody can read the bundle\n');
  t.notOk((stdout + stderr).includes(line));
});

t.test('a file that cannot be read is named', async (t) => {
  const directory = t.testdir({ 'ca.crt': '' });
  const { exitCode, stderr } = await runLine(['certs', 'verify', '--dir', directory, ...TARGET]);
  t.equal(exitCode, 1);
  t.match(stderr, /: reading .*\/tls\.crt: ENOENT: .* \[ECRPS_FILE_UNUSABLE\]\n$/);
});

t.test('what to look at is to be said in one way', async (t) => {
  const cases = [[], ['--dir', 'd', '--ca', 'f'], ['--ca', 'f', '--cert', 'f']];
  for (const files of cases) {
    const { exitCode, stderr } = await runLine(['certs', 'verify', ...files, ...TARGET]);
    t.equal(exitCode, 2);
    t.match(stderr, ': give either --dir, or all of --ca, --cert and --key [ECRPS_USAGE_INVALID]');
  }
});

t.test('if a value is invalid, the rule about several options is not checked besides', async (t) => {
  const { stderr } = await runLine(['certs', 'verify', '--dns', 'a_b', ...TARGET]);
  t.match(stderr, '--dns "a_b" is not a DNS name [ECRPS_USAGE_INVALID]');
});

t.test('files that cat glued are good, with a note for other readers', async (t) => {
  const { out } = await makeSet(t.testdir());
  const path = join(out, 'ca.crt');
  const pem = await readFile(path, 'utf8');
  await writeFile(path, pem.trimEnd() + pem);
  const { exitCode, stdout, stderr } = await runLine(['certs', 'verify', '--dir', out, ...TARGET]);
  t.equal(exitCode, 0);
  t.match(stdout, /^good: /);
  t.equal(
    stderr,
    `note: ${path} is not as Go reads PEM, since a BEGIN or END is not alone on its line: ` +
      'use what `certs yaml` prints\n',
  );
});

t.test('a set that Go refuses is bad, with the reason', async (t) => {
  const out = t.testdir();
  const constraints = nameConstraints({ excluded: [dnsName('svc')] });
  const draft = below(root({ extensions: [...caExtensions, constraints] }));
  const { caBundle, chain, key } = toCase('', draft);
  for (const [name, pem] of Object.entries({
    'tls.crt': chain,
    'tls.key': key,
    'ca.crt': caBundle,
  }))
    await writeFile(join(out, name), pem);
  const clock = createFakeClock(NOW.getTime());
  const verified = await runLine(['certs', 'verify', '--dir', out, ...TARGET], { clock });
  t.equal(verified.exitCode, 1);
  t.match(verified.stdout, /the DNS name "hook\.apps\.svc" is excluded by the constraint "svc"/);
  const printed = await runLine(['certs', 'yaml', '--dir', out, ...TARGET], { clock });
  t.equal(printed.exitCode, 1);
  t.equal(printed.stdout, '');
  t.match(printed.stderr, 'is excluded by the constraint "svc"');
});
