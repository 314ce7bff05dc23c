import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createCanary } from '../../../src/credentials/canary/canary.ts';
import type { LoginResult } from '../../../src/credentials/canary/registry-login.ts';
import { createRenewerMetrics } from '../../../src/metrics.ts';
import { EAST, registryToken, WEST } from '../../support/registry-tokens.ts';

const ID = 'ecr us-east-1';
const NEW = registryToken({ password: 'new' });
const OLDER = registryToken({ password: 'older' });

/** A canary for one token whose registries answer by `answer`. */
function createTested(
  keys: readonly (string | undefined)[],
  answer: (host: string, password: string) => LoginResult = () => 'accepted',
  takesMs = 0,
) {
  const clock = createFakeClock();
  const logins: string[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  const login = async (host: string, { password }: { readonly password: string }): Promise<LoginResult> => {
    logins.push(`${password} ${host}`);
    mostInFlight = Math.max(mostInFlight, ++inFlight);
    if (takesMs > 0) await clock.sleep(takesMs, new AbortController().signal);
    inFlight -= 1;
    return answer(host, password);
  };
  const entries = keys.map((key) => ({ key, tokenId: ID }));
  const metrics = createRenewerMetrics(createMetricsRegistry());
  const canary = createCanary({ login, clock, metrics }, { entriesOfTokens: new Map([[ID, entries]]) });
  return { canary, clock, logins, metrics, mostInFlight: () => mostInFlight };
}

t.test('a token is tried once at each registry of its credential, a wildcard at the one that AWS names', async (t) => {
  const keys = [
    EAST,
    `https://${EAST}/`,
    `${EAST}:8443/path`,
    '*.dkr.ecr.us-east-1.amazonaws.com',
    'http://plain.example',
  ];
  const { canary, logins } = createTested(keys);
  const token = registryToken({ password: 'new', registry: `https://${WEST}` });
  t.same(await canary.try(ID, token, undefined), { refusedBy: [], isOlderBetter: false });
  t.same(logins, [`new ${EAST}`, `new ${EAST}:8443`, `new ${WEST}`]);
  const unnamed = createTested([undefined]);
  await unnamed.canary.try(ID, NEW, undefined);
  t.same(unnamed.logins, [`new ${EAST}`]);
});

t.test('a refusal counts against the older token only if that is not refused as well', async (t) => {
  const refusesNew = createTested([EAST, WEST], (host, password) =>
    host === WEST && password === 'new' ? 'refused' : 'accepted',
  );
  t.same(await refusesNew.canary.try(ID, NEW, OLDER), { refusedBy: [WEST], isOlderBetter: true });
  t.same(refusesNew.logins.at(-1), `older ${WEST}`, 'only where it was refused');
  const refusesAll = createTested([EAST, WEST], (host) => (host === WEST ? 'refused' : 'accepted'));
  t.same(await refusesAll.canary.try(ID, NEW, OLDER), { refusedBy: [WEST], isOlderBetter: false });
  const disturbed = createTested([EAST], (_, password) => (password === 'new' ? 'refused' : 'unknown'));
  t.same(await disturbed.canary.try(ID, NEW, OLDER), { refusedBy: [EAST], isOlderBetter: true });
  t.same(await refusesAll.canary.try(ID, NEW, undefined), { refusedBy: [WEST], isOlderBetter: false });
});

t.test('what is unknown is no refusal, and each result is counted', async (t) => {
  const { canary, metrics } = createTested([EAST, WEST], (host) => (host === WEST ? 'unknown' : 'accepted'));
  t.same(await canary.try(ID, NEW, OLDER), { refusedBy: [], isOlderBetter: false });
  const { values } = await metrics.registryLogins.get();
  t.same(
    values.map(({ labels, value }) => [labels.result, value]),
    [
      ['accepted', 1],
      ['unknown', 1],
    ],
  );
});

t.test('many registries that do not answer take a limited time, few at once', async (t) => {
  const keys = Array.from({ length: 200 }, (_, index) => EAST.replace(/^\d{4}/, String(1000 + index)));
  const { canary, clock, logins, mostInFlight } = createTested(keys, () => 'unknown', 5_000);
  const trial = canary.try(ID, NEW, OLDER);
  await clock.advance(15_000);
  t.same(await trial, { refusedBy: [], isOlderBetter: false });
  t.equal(logins.length, 30);
  t.equal(mostInFlight(), 10);
});
