import t from 'tap';
import { testFailures } from './resilience/failures.ts';
import { testWatching } from './resilience/watching.ts';

// In this order: the first scenario expects that no container was ever restarted.
await t.test('watching', testWatching);
await t.test('failures', testFailures);
