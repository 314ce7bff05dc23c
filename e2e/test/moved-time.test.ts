import t from 'tap';
import { testCheckpoint } from './moved-time/checkpoint.ts';
import { testOptingOut } from './moved-time/opting-out.ts';
import { testOutage } from './moved-time/outage.ts';
import { testRotation } from './moved-time/rotation.ts';
import { world } from './moved-time/world.ts';

// The checkpoint scenario changes the keys in this process's environment.
await t.test('opting out', async (t) => testOptingOut(t));
await t.test('outage', testOutage);
await t.test('rotation', testRotation);
await t.test('checkpoint', async (t) => testCheckpoint(t));

// After all scenarios, because it reads the logs of each.
await t.test('no log line holds a token, a password or a key', async (t) => {
  const secrets = world.ecr.secrets();
  const logs = world.allLogs();
  t.ok(secrets.length > 20);
  t.notOk(secrets.some((secret) => logs.includes(secret)));
});
