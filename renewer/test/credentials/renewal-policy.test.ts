import t from 'tap';
import { RENEWAL_POLICY } from '../../src/credentials/renewal-policy.ts';
import { HOUR_MS, NOW_MS, registryToken } from '../support/registry-tokens.ts';

t.test('a token is renewed at about half its life', (t) => {
  t.equal(
    RENEWAL_POLICY.renewAtMs(registryToken(), () => 0),
    NOW_MS + 6 * HOUR_MS,
  );
  t.equal(
    RENEWAL_POLICY.renewAtMs(registryToken(), () => 1),
    NOW_MS + 5.4 * HOUR_MS,
  );
  t.end();
});

t.test('whatever AWS says of a token’s end, renewal is neither at once nor never', (t) => {
  const waitMs = (expiresAtMs: number) =>
    RENEWAL_POLICY.renewAtMs(registryToken({ expiresAtMs }), () => 0) - NOW_MS;
  for (const expiresAtMs of [0, NOW_MS - HOUR_MS, NOW_MS, NOW_MS + 1])
    t.equal(waitMs(expiresAtMs), 10_000);
  t.equal(waitMs(NOW_MS + 1e15), 6 * HOUR_MS);
  t.end();
});
