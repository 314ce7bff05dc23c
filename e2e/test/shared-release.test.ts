import t from 'tap';
import { testForeignSecrets } from './shared-release/foreign-secrets.ts';
import { testInjection } from './shared-release/injection.ts';
import { testPullSecrets } from './shared-release/pull-secrets.ts';

// In this order: the last tests of the second and of the third scenario upgrade the release.
await t.test('pull secrets', async (t) => testPullSecrets(t));
await t.test('foreign secrets', testForeignSecrets);
await t.test('injection', testInjection);
