import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t from 'tap';
import { BUNDLED_PACKAGES, bundledPackagePath } from '@ecr-pull-secrets/testbed/test-run/bundled-packages.ts';
import { findTestFiles } from '@ecr-pull-secrets/testbed/test-run/find-test-files.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = fileURLToPath(new URL('../src/test-run/main.ts', import.meta.url));

t.test('a name and a pattern mean test files, each once', async (t) => {
  const own = 'testbed/test/test-run.test.ts';
  t.strictSame(await findTestFiles([own], CHECKOUT), [own]);
  t.strictSame(await findTestFiles([`./${own}`, 'testbed/test/test-*.test.ts'], CHECKOUT), [own]);
  t.strictSame(await findTestFiles([], CHECKOUT), []);
});

t.test('a file that is no test is refused', async (t) => {
  await t.rejects(findTestFiles(['package.json'], CHECKOUT), {
    message: /^no test file is named "package\.json": a test file is \*\/test\//,
  });
});

t.test('npm test with a mistyped name runs nothing and fails', (t) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [MAIN, 'testbed/test/test-run.test.ts', 'e2e/test/leadre.test.ts'],
    { encoding: 'utf8' },
  );
  t.equal(status, 1);
  t.equal(stdout, '');
  t.match(stderr, /^Cannot run the tests: no test file is named "e2e\/test\/leadre\.test\.ts"/m);
  t.end();
});

t.test('a test file imports each bundled package as one file', (t) => {
  for (const name of BUNDLED_PACKAGES) {
    t.equal(import.meta.resolve(name), pathToFileURL(bundledPackagePath(CHECKOUT, name)).href);
  }
  t.end();
});
