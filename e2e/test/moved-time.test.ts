import t from 'tap';
import { testCheckpoint } from './moved-time/checkpoint.ts';
import { testOptingOut } from './moved-time/opting-out.ts';
import { testOutage } from './moved-time/outage.ts';
import { testRotation } from './moved-time/rotation.ts';

// The last scenario changes the keys in this process's environment.
await t.test('opting out', async (t) => testOptingOut(t));
await t.test('outage', testOutage);
await t.test('rotation', testRotation);
await t.test('checkpoint', async (t) => testCheckpoint(t));
