import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { makeSet, TARGET } from './support/certificates.ts';
import { runLine } from './support/command-line.ts';

const YEAR_MS = 366 * 24 * 60 * 60 * 1000;

/** The lines that are no comments, as the keys and the text behind each colon. */
function fieldsOf(yaml: string): Readonly<Record<string, string>> {
  const lines = yaml.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, key = '', text = ''] = /^((?: {2})?[\w.]+):(?: (\S+))?$/.exec(line) ?? [];
      return [key, text];
    }),
  );
}

t.test('the set is printed as a Secret, byte for byte, and nothing else but comments', async (t) => {
  const { out } = await makeSet(t.testdir());
  const { exitCode, stdout, stderr } = await runLine(['certs', 'yaml', '--dir', out, ...TARGET]);
  t.equal(exitCode, 0, stderr);
  t.equal(stderr, '');
  const base64Of = (name: string) => readFile(join(out, name), 'base64');
  t.strictSame(fieldsOf(stdout), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: '',
    '  name': '"hook-serving"',
    '  namespace': '"apps"',
    data: '',
    '  tls.crt': await base64Of('tls.crt'),
    '  tls.key': await base64Of('tls.key'),
    '  ca.crt': await base64Of('ca.crt'),
  });
});

t.test('the comments say what to do with it: values, and caBundle by hand', async (t) => {
  const { out } = await makeSet(t.testdir());
  const names = ['--secret', '1e3', '--webhook', 'my-hook'];
  const { stdout } = await runLine(['certs', 'yaml', '--dir', out, ...TARGET, ...names]);
  t.equal(fieldsOf(stdout)['  name'], '"1e3"', 'quoted, or YAML would read a number');
  t.match(stdout, '--set tls.mode=existing-secret --set tls.existingSecret=1e3\n');
  t.match(stdout, 'Good for hook.apps.svc until 2027-01-01T00:00:00.000Z.');
  const [, patch = ''] =
    /^# {3}kubectl patch mutatingwebhookconfiguration my-hook --type=json -p '(.*)'$/m.exec(stdout) ?? [];
  t.strictSame(JSON.parse(patch), [
    {
      op: 'add',
      path: '/webhooks/0/clientConfig/caBundle',
      value: await readFile(join(out, 'ca.crt'), 'base64'),
    },
  ]);
});

t.test('a person whose screen shows the key gets a note, and only there', async (t) => {
  const { out } = await makeSet(t.testdir());
  const args = ['certs', 'yaml', '--dir', out, ...TARGET];
  const { stderr } = await runLine(args, { isTTY: true });
  t.equal(stderr, 'note: this shows a private key; pipe it into kubectl apply instead\n');
});

t.test('a set that cannot serve is not printed', async (t) => {
  const clock = createFakeClock();
  const { out } = await makeSet(t.testdir(), { clock });
  const args = ['certs', 'yaml', '--dir', out, '--service', 'hook', '--namespace', 'other'];
  const misnamed = await runLine(args, { clock });
  t.equal(misnamed.exitCode, 1);
  t.equal(misnamed.stdout, '');
  t.match(misnamed.stderr, `${out}/tls.crt cannot serve hook.other.svc: the certificate is not for`);
  t.match(misnamed.stderr, '[ECRPS_CERTIFICATE_INVALID]');

  await clock.advance(YEAR_MS);
  const expired = await runLine(['certs', 'yaml', '--dir', out, ...TARGET], { clock });
  t.equal(expired.stdout, '');
  t.match(expired.stderr, 'the certificate expired at 2027-01-01T00:00:00.000Z');
});

t.test('a bundle of others’ making goes through to the byte', async (t) => {
  const { out } = await makeSet(t.testdir());
  const bundlePath = join(out, 'ca.crt');
  await writeFile(bundlePath, `# our CA\r\n${await readFile(bundlePath, 'utf8')}`);
  const { stdout } = await runLine(['certs', 'yaml', '--dir', out, ...TARGET]);
  t.equal(fieldsOf(stdout)['  ca.crt'], await readFile(bundlePath, 'base64'));
});

t.test('files that cat glued are printed as API servers read them', async (t) => {
  const { out } = await makeSet(t.testdir());
  const bundlePath = join(out, 'ca.crt');
  const pem = await readFile(bundlePath, 'utf8');
  await writeFile(bundlePath, pem.trimEnd() + pem.trimEnd());
  const { stdout } = await runLine(['certs', 'yaml', '--dir', out, ...TARGET]);
  t.equal(fieldsOf(stdout)['  ca.crt'], Buffer.from(pem + pem).toString('base64'));
  t.match(stdout, `"value":"${Buffer.from(pem + pem).toString('base64')}"`);
});
