import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { runFirstCaReconciler } from '../../src/webhook-tls/ca-reconciler.ts';
import { observeCaSecret } from '../../src/webhook-tls/ca-status.ts';
import { createCaStore } from '../../src/webhook-tls/ca-store.ts';
import { TIMES } from '../support/ca-secrets.ts';
import { startWorld } from '../support/reconciler-world.ts';

t.test('a replica creates the first CA if no leader does, and only then', async (t) => {
  const cases = {
    'no leader makes one': {
      leaderMakesAfterMs: Infinity,
      status: 200,
      made: 1,
      said: /created a CA/,
    },
    'a leader is slower than most': {
      leaderMakesAfterMs: 15_000,
      status: 200,
      made: 0,
      said: /^$/,
    },
    'another replica was quicker': {
      leaderMakesAfterMs: Infinity,
      status: 409,
      made: 1,
      said: /^$/,
    },
    'it is refused': {
      leaderMakesAfterMs: Infinity,
      status: 403,
      made: 1,
      said: /"level":"error"/,
    },
  };
  for (const [title, { leaderMakesAfterMs, status, made, said }] of Object.entries(cases)) {
    await t.test(title, async (t) => {
      const bodies: string[] = [];
      const world = await startWorld(t, async (exchange) => {
        bodies.push(await text(exchange.request));
        if (status === 200) exchange.json({ metadata: { name: 's-ca' } });
        else exchange.refuse(status);
      });
      const ca = createCaStore();
      ca.observed.set({ kind: 'absent' });
      const { dependencies, signal } = world;
      const settings = { ca, namespace: 'n', name: 's-ca', times: TIMES };
      world.run(() => runFirstCaReconciler(dependencies, settings, signal));
      await world.pass(14_950);
      if (leaderMakesAfterMs < Infinity) ca.observed.set(observeCaSecret({ metadata: { name: 's-ca' } }));
      await world.pass(4_950);
      t.equal(bodies.length, 0, 'a leader has time');
      await world.pass(200);
      // A new key takes real time.
      for (let turn = 0; turn < 500 && bodies.length < made; turn++) await delay(10);
      await delay(50);
      t.equal(bodies.length, made);
      for (const body of bodies) t.equal(JSON.parse(body).metadata.resourceVersion, '1', 'only creates');
      t.match(world.logged.join(''), said);
    });
  }
});

t.test('a replica does not replace a CA that was lost: only the leader has read what is trusted', async (t) => {
  let requests = 0;
  const world = await startWorld(t, (exchange) => {
    requests += 1;
    exchange.refuse(500);
  });
  const ca = createCaStore();
  ca.observed.set(observeCaSecret({ metadata: { name: 's-ca' } }));
  const settings = { ca, namespace: 'n', name: 's-ca', times: TIMES };
  world.run(() => runFirstCaReconciler(world.dependencies, settings, world.signal));
  await world.pass(250);
  ca.observed.set({ kind: 'absent' });
  await world.pass(60_000);
  // A new key takes real time.
  await delay(500);
  t.equal(requests, 0);
});
