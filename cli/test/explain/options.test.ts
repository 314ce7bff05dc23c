import { readFile } from 'node:fs/promises';
import t from 'tap';
import { readExplainOptions } from '../../src/explain/options.ts';
import { startProgress } from '../../src/report/progress.ts';
import { runLine } from '../support/command-line.ts';

t.test('the subject may stand before or after the options', async (t) => {
  const defaults = { pod: undefined, secretName: undefined, isJson: false, pullTest: 'here', testImage: undefined };
  t.same(readExplainOptions(['payments']), { ...defaults, namespace: 'payments' });
  const expected = {
    namespace: 'payments',
    pod: 'app-1',
    secretName: 'mine',
    isJson: true,
    pullTest: 'none',
    testImage: undefined,
  };
  const options = ['--output', 'json', '--secret-name=mine', '--no-pull-test'];
  t.same(readExplainOptions(['payments/app-1', ...options]), expected);
  t.same(readExplainOptions([...options, 'payments/app-1']), expected);
  const inShop = { ...defaults, namespace: 'shop', pod: 'app-1' };
  for (const args of [
    ['-n', 'shop', 'app-1'],
    ['app-1', '--namespace=shop'],
    ['pod/app-1', '-n=shop'],
    ['pods/app-1', '-nshop'],
  ]) {
    t.same(readExplainOptions(args), inShop, args.join(' '));
  }
  t.same(readExplainOptions(['-n', 'shop', '-o', 'json']), { ...inShop, pod: undefined, isJson: true });
  t.match(readExplainOptions(['a/b', '--from-cluster']), { pullTest: 'cluster', testImage: undefined });
  t.match(readExplainOptions(['--test-image', 'x:1', 'a/b']), { pod: 'b', pullTest: 'cluster', testImage: 'x:1' });
});

t.test('an invalid command line is an error with the usage', async (t) => {
  const cases = [
    [[], /NAMESPACE or NAMESPACE\/POD is missing/],
    [['a/b/c'], /"a\/b\/c" is not NAMESPACE/],
    [['a/'], /"a\/" is not/],
    [['../secrets'], /is not NAMESPACE/],
    [['a', 'b'], /unexpected argument "b": did you mean a\/b\?/],
    [['-n', 'shop', 'pod', 'app-1'], /unexpected argument "pod": did you mean app-1\?/],
    [['pod', 'shop/app-1'], /unexpected argument "pod": did you mean shop\/app-1\?/],
    [['-n', 'shop', 'other/app-1'], /with --namespace, "other\/app-1" is not the name of a pod/],
    [['app-1', '-n'], /--namespace NAMESPACE lacks its value/],
    [['a', '--output', 'yaml'], /--output "yaml"/],
    [['a', '--from-cluster'], /--from-cluster needs a pod/],
    [['a/b', '--from-cluster', '--no-pull-test'], /exclude each other/],
    [['a', '--outptu', 'json'], /did you mean --output\?/],
  ] as const;
  for (const [args, message] of cases) {
    const { exitCode, stdout, stderr } = await runLine(['explain', ...args]);
    t.equal(exitCode, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
    t.match(stderr, /\n\nUsage: ecr-pull-secrets explain NAMESPACE\[\/POD\] /);
  }
  const { exitCode, stdout } = await runLine(['explain', '--help']);
  t.equal(exitCode, 0);
  t.match(stdout, /^Usage: ecr-pull-secrets explain /);
});

t.test('the help and the page say that the request may import an image, and how to send none', async (t) => {
  const { stdout: help } = await runLine(['explain', '--help']);
  const page = await readFile(new URL('../../../docs/explain.md', import.meta.url), 'utf8');
  for (const text of [help, page]) {
    t.match(text.replaceAll('\n', ' '), /pull-through cache (the request )?may import the image/);
    t.match(text, /--no-pull-test\W+sends no request/i);
  }
});

t.test('without a kubeconfig the status is 2', async (t) => {
  const { exitCode, stderr } = await runLine(['explain', 'payments']);
  t.equal(exitCode, 2);
  t.match(stderr, /ECRPS_CONFIGURATION_INVALID/);
});

t.test('progress is shown only if it takes long', async (t) => {
  const lines: string[] = [];
  const progress = startProgress({ write: (text) => lines.push(text) }, 20);
  progress.doing('the quick part');
  progress.doing('the slow part');
  await new Promise((resolve) => setTimeout(resolve, 100));
  progress.doing('another quick part');
  progress.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.same(lines, ['the slow part …\n']);
});
