import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import t from 'tap';
import { createCredentialStore } from '../../src/credentials/credential-store.ts';
import type { Identity } from '../../src/credentials/identity.ts';
import type { Registry } from '../../src/credentials/registries/registries.ts';
import type { RegistryTokens } from '../../src/credentials/registry-token.ts';
import type { TokenRequest } from '../../src/credentials/token-plan.ts';
import { EAST, HOUR_MS, NOW_MS, registryToken } from '../support/registry-tokens.ts';

const ROLE = { roleArn: 'arn:aws:iam::123456789012:role/team' };
const DEFAULT_TOKEN = 'ecr us-east-1';
const ROLE_TOKEN = `${DEFAULT_TOKEN} ${ROLE.roleArn}`;

function createStore({ registries = [] as readonly Registry[] } = {}) {
  let nowMs = NOW_MS;
  const tokens = createObservable<RegistryTokens>(new Map());
  const required: string[][] = [];
  const require = (requests: readonly TokenRequest[]): void => {
    required.push(requests.map(({ id }) => id));
  };
  const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
  const settings = { registries, awsRegion: 'us-east-1' };
  const store = createCredentialStore({ clock, tokenRenewer: { tokens, require } }, settings);
  return {
    store,
    required,
    use: (...roles: readonly Identity[]) => store.setRolesInUse(roles, nowMs),
    setTime: (ms: number) => {
      nowMs = NOW_MS + ms;
    },
    setTokens: (...ids: readonly string[]) =>
      tokens.set(new Map(ids.map((id) => [id, registryToken({ obtainedAtMs: nowMs })]))),
  };
}

t.test('the default identity is in use from the start, and roles while they are named', (t) => {
  const { use, required } = createStore();
  use(ROLE);
  use();
  t.same(required, [[DEFAULT_TOKEN], [DEFAULT_TOKEN, ROLE_TOKEN], [DEFAULT_TOKEN]]);
  t.end();
});

t.test('a docker config is available while its token is valid', (t) => {
  const { store, setTime, setTokens } = createStore();
  t.same(store.credentialsFor(undefined), { kind: 'pending' });
  setTokens(DEFAULT_TOKEN);
  const credentials = store.credentialsFor(undefined);
  t.match(credentials, { kind: 'available', dockerConfig: { isComplete: true } });
  t.same(store.credentialsFor(ROLE), { kind: 'pending' });
  setTime(6 * HOUR_MS);
  t.same(store.credentialsFor(undefined), credentials, 'the same for all namespaces');
  t.end();
});

t.test('new tokens replace a docker config whose tokens are still valid', (t) => {
  const { store, setTime, setTokens } = createStore();
  setTokens(DEFAULT_TOKEN);
  store.credentialsFor(undefined);
  setTime(6 * HOUR_MS);
  setTokens(DEFAULT_TOKEN);
  t.match(store.credentialsFor(undefined), { dockerConfig: { renewedAtMs: NOW_MS + 6 * HOUR_MS } });
  t.end();
});

t.test('a docker config is not handed out if its token has expired since', (t) => {
  const { store, use, setTime, setTokens } = createStore();
  setTokens(DEFAULT_TOKEN);
  use();
  t.equal(store.credentialsFor(undefined).kind, 'available');
  setTime(12 * HOUR_MS);
  t.equal(store.credentialsFor(undefined).kind, 'pending');
  t.end();
});

t.test('a role that had no token long ago is pending for a minute, like a new one', (t) => {
  const { store, use, setTime } = createStore();
  const kindAt = (atMs: number): string => {
    setTime(atMs);
    use(ROLE);
    t.equal(store.tokenStatusOf(ROLE), store.credentialsFor(ROLE).kind);
    return store.credentialsFor(ROLE).kind;
  };
  t.same([0, 30_000, 60_000].map(kindAt), ['pending', 'pending', 'unavailable']);
  t.same([3_600_000, 3_630_000, 3_660_000].map(kindAt), ['pending', 'pending', 'unavailable']);
  t.equal(kindAt(0), 'pending', 'nor does a clock that was set back shorten it');
  t.end();
});

t.test('a look at credentials changes nothing', (t) => {
  const { store, use, setTime } = createStore();
  use(ROLE);
  for (const atMs of [0, 30_000, 59_000]) {
    setTime(atMs);
    t.same(store.credentialsFor(ROLE), { kind: 'pending' });
    t.same(store.credentialsFor({ roleArn: `${ROLE.roleArn}-2` }), { kind: 'pending' });
  }
  setTime(60_000);
  t.match(store.credentialsFor(ROLE), {
    kind: 'unavailable',
    emptyDockerConfig: { dockerConfigJson: '{"auths":{}}', expiresAtMs: NOW_MS },
  });
  t.same(store.credentialsFor({ roleArn: `${ROLE.roleArn}-2` }), { kind: 'pending' }, 'not in use');
  t.end();
});

t.test('a role whose own token is missing is not hidden by the tokens of other roles', (t) => {
  const other = 'arn:aws:iam::210987654321:role/pull';
  const registries = [{ host: EAST }, { host: EAST.replace('123456789012', '210987654321'), roleArn: other }];
  const { store, use, setTime, setTokens } = createStore({ registries });
  setTokens(`${DEFAULT_TOKEN} ${other}`);
  use(ROLE);
  t.equal(store.tokenStatusOf(ROLE), 'pending');
  setTime(60_000);
  t.equal(store.tokenStatusOf(ROLE), 'unavailable');
  t.match(store.credentialsFor(ROLE), { kind: 'available', dockerConfig: { isComplete: false } });
  t.end();
});

t.test('a role that gets no key at all lacks its token, and none is requested', (t) => {
  const role = { roleArn: 'arn:aws-cn:iam::123456789012:role/x' };
  const { store, use, required, setTime } = createStore({ registries: [{ host: EAST }] });
  use(role);
  t.equal(store.tokenStatusOf(role), 'pending');
  t.equal(store.credentialsFor(role).kind, 'pending');
  t.same(required[1], required[0]);
  setTime(60_000);
  t.equal(store.tokenStatusOf(role), 'unavailable');
  t.end();
});
