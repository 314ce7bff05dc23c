import t from 'tap';
import { testForeignSecrets } from './shared-release/foreign-secrets.ts';
import { testInjection } from './shared-release/injection.ts';
import { testPullSecrets } from './shared-release/pull-secrets.ts';
import { testHealthyStatus, testStatus } from './shared-release/status.ts';

// In this order: the last tests of the foreign secrets and of the injection upgrade the release, and `testStatus` breaks it.
await t.test('status of a healthy release', testHealthyStatus);
await t.test('pull secrets', async (t) => testPullSecrets(t));
await t.test('foreign secrets', testForeignSecrets);
await t.test('injection', testInjection);
await t.test('status', async (t) => testStatus(t));
