import t from 'tap';
import { testCheckpoint } from './moved-time/checkpoint.ts';
import { testOptingOut } from './moved-time/opting-out.ts';

// In this order: the second scenario changes the keys in this process's environment.
await t.test('opting out', async (t) => testOptingOut(t));
await t.test('checkpoint', async (t) => testCheckpoint(t));
