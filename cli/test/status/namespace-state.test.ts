import t from 'tap';
import {
  type ListedNamespace,
  type ListedSecret,
  namespaceStateOf,
  overviewOf,
} from '../../src/status/namespace-state.ts';
import { HOUR_MS, NOW_MS } from './support/state.ts';

const OLD = { createdAtMs: NOW_MS - HOUR_MS };

/** A secret whose token is so many hours old and lives for twelve. */
function secretOf(ageHours: number, changes: Partial<ListedSecret> = {}): ListedSecret {
  const renewedAtMs = NOW_MS - ageHours * HOUR_MS;
  return {
    namespace: 'payments',
    isUntouched: true,
    isOursByMetadata: true,
    renewedAtMs,
    expiresAtMs: renewedAtMs + 12 * HOUR_MS,
    ...changes,
  };
}

t.test('the state of a namespace', async (t) => {
  const cases = [
    ['current', OLD, secretOf(1)],
    ['current', OLD, secretOf(10)],
    ['expiring', OLD, secretOf(10.3)],
    ['expired', OLD, secretOf(12)],
    ['expired', OLD, secretOf(13, { isUntouched: false })],
    ['edited', OLD, secretOf(1, { isUntouched: false })],
    ['edited', OLD, secretOf(1, { expiresAtMs: undefined })],
    ['foreign', OLD, secretOf(1, { isOursByMetadata: false, isUntouched: false })],
    ['missing', OLD, undefined],
    ['pending', { createdAtMs: NOW_MS - 1_000 }, undefined],
    ['missing', { createdAtMs: Number.NaN }, undefined],
  ] as const;
  for (const [state, namespace, secret] of cases) {
    t.equal(namespaceStateOf(namespace, secret, NOW_MS), state, `${state} ${JSON.stringify(secret)}`);
  }
});

function namespaceOf(name: string, changes: Partial<ListedNamespace> = {}): ListedNamespace {
  return { name, ...OLD, isTarget: true, isInjected: true, mistake: undefined, ...changes };
}

t.test('the overview counts targets, and names the worst five', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const namespaces = [...names.map((name) => namespaceOf(name)), namespaceOf('other', { isTarget: false })];
  const secrets = [
    secretOf(1, { namespace: 'a' }),
    secretOf(13, { namespace: 'b' }),
    secretOf(14, { namespace: 'c' }),
    secretOf(11, { namespace: 'd' }),
    secretOf(1, { namespace: 'e', isOursByMetadata: false }),
    secretOf(1, { namespace: 'other' }),
  ];
  const overview = overviewOf(namespaces, secrets, NOW_MS);
  t.equal(overview.total, 7);
  t.same(overview.states, { expired: 2, missing: 2, foreign: 1, edited: 0, expiring: 1, pending: 0, current: 1 });
  t.same(
    overview.worst.map(({ name, state }) => `${name} ${state}`),
    ['c expired', 'b expired', 'f missing', 'g missing', 'e foreign'],
  );
  t.equal(overview.firstExpiryMs, NOW_MS + HOUR_MS, 'of the secrets that are still good');
});

t.test('a pod is tried where the secret is good, and where the webhook is called', async (t) => {
  const namespaces = [
    namespaceOf('bad'),
    namespaceOf('by-name', { isInjected: false }),
    ...['a', 'b', 'c'].map((name) => namespaceOf(name)),
  ];
  const secrets = ['by-name', 'a', 'b', 'c'].map((namespace) => secretOf(1, { namespace }));
  t.same(overviewOf(namespaces, secrets, NOW_MS).toTry, ['c', 'b', 'a']);
  t.same(overviewOf([namespaceOf('by-name', { isInjected: false })], secrets, NOW_MS).toTry, []);
  const mistake = 'excluded';
  const mistaken = ['1', '2', '3', '4', '5', '6'].map((name) => namespaceOf(name, { isTarget: false, mistake }));
  const { total, withoutEffect } = overviewOf(mistaken, [], NOW_MS);
  t.match({ total, withoutEffect }, { total: 0, withoutEffect: { total: 6, some: [{ name: '1', mistake }] } });
  t.equal(withoutEffect.some.length, 5);
  const empty = overviewOf([], [], NOW_MS);
  t.match(empty, { total: 0, worst: [], toTry: [], firstExpiryMs: undefined });
});
