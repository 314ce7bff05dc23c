import { readFile } from 'node:fs/promises';
import t from 'tap';
import { ERROR_CODES } from '@ecr-pull-secrets/shared/errors.ts';
import { readConfigFile } from '@ecr-pull-secrets/renewer/config/config-file.ts';
import { CONFIG_FILE_EXAMPLE } from '@ecr-pull-secrets/scripts/configuration-page/config-file-section.ts';
import { CONFIGURATION_PAGE, configurationPage } from '@ecr-pull-secrets/scripts/configuration-page/page.ts';
import { findCommand, usage } from '../src/commands.ts';

t.test('each command is found by its name and shown in the usage', (t) => {
  for (const name of ['webhook', 'renewer', 'renew-once']) {
    t.ok(findCommand(name), name);
    t.match(usage(), new RegExp(`^  ${name} `, 'm'));
  }
  t.equal(findCommand('bogus'), undefined);
  t.end();
});

t.test('without an argument it runs and fails as the old tool does', (t) => {
  t.match(findCommand(undefined), { name: 'renew-once', failureExitCode: 2 });
  t.end();
});

t.test('docs/configuration.md is generated from the schemas of the code', async (t) => {
  const page = await readFile(CONFIGURATION_PAGE, 'utf8');
  t.equal(page, configurationPage(), 'run: npm run docs');
  t.notMatch(page, /\|  \||(?<!`)``(?!`)/, 'each variable has a description and an example');
});

t.test('the example of CONFIG_FILE is valid', (t) => {
  const text = JSON.stringify(CONFIG_FILE_EXAMPLE);
  const file = readConfigFile('config.json', () => text);
  t.same(Object.keys(CONFIG_FILE_EXAMPLE).toSorted(), Object.keys(file).toSorted());
  t.equal(file.registries.length, 3);
  t.same(file.certificates, readConfigFile(undefined, () => '').certificates, 'the defaults');
  t.end();
});

t.test('docs/errors.md has every error code, and no other', async (t) => {
  const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `(ECRPS_\w+)`/gm)].map(([, code = '']) => code);
  t.same(documented.toSorted(), [...ERROR_CODES].toSorted());
});
