import t from 'tap';
import { createCredentialStore } from '../../src/credentials/credential-store.ts';
import { callerOf } from '../../src/credentials/aws/aws-caller.ts';
import { readToken } from '../../src/credentials/aws/authorization-data.ts';
import { createDockerConfig } from '../../src/credentials/docker-config.ts';
import {
  placeOf,
  type Registry,
  type TokenPlace,
} from '../../src/credentials/registries/registries.ts';
import { type RegistryToken, renewalTimeMs } from '../../src/credentials/registry-token.ts';
import { isOfOtherRole, planTokens } from '../../src/credentials/token-plan.ts';

const HOUR_MS = 3_600_000;
const nowMs = Date.UTC(2026, 0, 1);
const registry = 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com';

function token(changes: Partial<RegistryToken> = {}): RegistryToken {
  return {
    username: 'AWS',
    password: 'pass:word',
    registry,
    obtainedAtMs: nowMs,
    expiresAtMs: nowMs + 12 * HOUR_MS,
    ...changes,
  };
}

t.test('a token is renewed at about half its life', (t) => {
  t.equal(
    renewalTimeMs(token(), () => 0),
    nowMs + 6 * HOUR_MS,
  );
  t.equal(
    renewalTimeMs(token(), () => 1),
    nowMs + 5.4 * HOUR_MS,
  );
  t.end();
});

t.test('whatever AWS says of a token’s end, renewal is neither at once nor never', (t) => {
  const waitMs = (expiresAtMs: number) => renewalTimeMs(token({ expiresAtMs }), () => 0) - nowMs;
  for (const expiresAtMs of [0, nowMs - HOUR_MS, nowMs, nowMs + 1])
    t.equal(waitMs(expiresAtMs), 10_000);
  t.equal(waitMs(nowMs + 1e15), 6 * HOUR_MS);
  t.end();
});

t.test('AWS’s answer is read, a colon in the password included', (t) => {
  const authorizationToken = Buffer.from('AWS:pass:word').toString('base64');
  const expiresAt = new Date(nowMs + HOUR_MS);
  const read = readToken({ authorizationToken, proxyEndpoint: registry, expiresAt }, nowMs);
  t.same(read, token({ expiresAtMs: nowMs + HOUR_MS }));
  t.end();
});

t.test('a missing, broken or far expiry counts as twelve hours', (t) => {
  const authorizationToken = Buffer.from('AWS:x').toString('base64');
  for (const expiresAt of [undefined, new Date(Number.NaN), new Date(nowMs + 99 * HOUR_MS)]) {
    const read = readToken({ authorizationToken, proxyEndpoint: registry, expiresAt }, nowMs);
    t.equal(read.expiresAtMs, nowMs + 12 * HOUR_MS);
  }
  t.end();
});

t.test('a token that is dead already is refused, and the clock suspected', (t) => {
  const authorizationToken = Buffer.from('AWS:x').toString('base64');
  for (const expiresAt of [new Date(nowMs - HOUR_MS), new Date(nowMs), new Date(0)]) {
    t.throws(() => readToken({ authorizationToken, proxyEndpoint: registry, expiresAt }, nowMs), {
      code: 'ECRPS_TOKEN_INVALID',
      message: `AWS gave a token that expired at ${expiresAt.toISOString()}; is the clock of this machine, 2026-01-01T00:00:00.000Z, right?`,
    });
  }
  t.end();
});

t.test('a registry that AWS’s answer names is a key only if it is a plain host', (t) => {
  const authorizationToken = Buffer.from('AWS:hush').toString('base64');
  const read = (proxyEndpoint: string) => readToken({ authorizationToken, proxyEndpoint }, nowMs);
  const standIns = ['http://000000000000.dkr.ecr.us-east-1.localhost.localstack.cloud:4566'];
  for (const key of [registry, 'https://public.ecr.aws', ...standIns])
    t.equal(read(key).registry, key);
  for (const key of [
    '*',
    'https://*.dkr.ecr.us-east-1.amazonaws.com',
    'docker.io',
    `a@${registry.slice(8)}`,
    'oci://a.b',
    'a b.c',
  ]) {
    t.throws(
      () => read(key),
      { code: 'ECRPS_TOKEN_INVALID', message: /^AWS’s answer names (?!.*hush)/ },
      key,
    );
  }
  t.end();
});

t.test('an answer without a usable token is an error that does not quote it', (t) => {
  const secret = Buffer.from('AWSsecret').toString('base64');
  for (const answer of [undefined, {}, { authorizationToken: secret, proxyEndpoint: registry }]) {
    const message = /^(?!.*secret)/i;
    t.throws(() => readToken(answer, nowMs), { code: 'ECRPS_TOKEN_INVALID', message });
  }
  t.end();
});

t.test('a host says which service, region and endpoint gives its token', (t) => {
  const places: Readonly<Record<string, Omit<TokenPlace, 'partitions'>>> = {
    [registry]: { service: 'ecr', region: 'us-east-1', fips: false, dualStack: false },
    '123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/': {
      service: 'ecr',
      region: 'us-gov-west-1',
      fips: true,
      dualStack: false,
    },
    '123456789012.dkr-ecr.eu-west-1.on.aws': {
      service: 'ecr',
      region: 'eu-west-1',
      fips: false,
      dualStack: true,
    },
    '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn:443': {
      service: 'ecr',
      region: 'cn-north-1',
      fips: false,
      dualStack: false,
    },
    'https://123456789012.DKR.ECR.EU-West-1.AmazonAWS.com/': {
      service: 'ecr',
      region: 'eu-west-1',
      fips: false,
      dualStack: false,
    },
    'public.ecr.aws': { service: 'ecr-public', region: 'us-east-1', fips: false, dualStack: false },
  };
  for (const [host, place] of Object.entries(places)) t.match(placeOf(host), place, host);
  t.equal(placeOf('proxy.example.com'), undefined);
  t.end();
});

const east = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const west = '123456789012.dkr.ecr.us-west-2.amazonaws.com';
const otherAccount = '210987654321.dkr.ecr.us-east-1.amazonaws.com';
const roleArn = 'arn:aws:iam::210987654321:role/pull';

t.test('without registries the plan is the caller’s own one in its region', (t) => {
  const { requests, entries } = planTokens({ registries: [], region: 'eu-west-1' });
  t.match(requests, [{ service: 'ecr', region: 'eu-west-1', identity: {} }]);
  t.match(entries, [{ key: undefined, tokenId: requests[0]?.id }]);
  t.end();
});

t.test('there is one token per identity and region, and none under another region’s host', (t) => {
  const registries: readonly Registry[] = [
    { host: `https://${east}` },
    { host: `${east}/` },
    { host: otherAccount },
    { host: otherAccount.replace('us-east-1', 'us-west-2'), roleArn },
    { host: west },
    { host: 'public.ecr.aws' },
  ];
  const { requests, entries } = planTokens({ registries, region: 'eu-west-1' });
  t.equal(requests.length, 4);
  const regionOf = new Map(requests.map((request) => [request.id, request]));
  for (const [index, { tokenId }] of entries.entries()) {
    const host = registries[index]?.host ?? '';
    t.equal(regionOf.get(tokenId)?.region, placeOf(host)?.region, host);
    t.equal(regionOf.get(tokenId)?.identity.roleArn, registries[index]?.roleArn, host);
  }
  t.end();
});

t.test('a host that is no ECR name takes the token of the registry that it names', (t) => {
  const { requests, entries } = planTokens({
    registries: [{ host: 'proxy.example.com', tokenOf: west }],
    region: 'us-east-1',
  });
  t.match(requests, [{ region: 'us-west-2' }]);
  t.match(entries, [{ key: 'proxy.example.com' }]);
  t.end();
});

t.test('a host takes the very token of the registry that it names, whoever asks for that', (t) => {
  const proxy = { host: 'proxy.example.com', tokenOf: `https://${otherAccount.toUpperCase()}/` };
  const listed = { host: otherAccount, roleArn, externalId: 'ours', sessionName: 'me' };
  const mine = { roleArn: 'arn:aws:iam::123456789012:role/mine' };
  const places = { region: undefined, identity: mine };
  const both = planTokens({ registries: [proxy, { host: east }, listed], ...places });
  t.equal(both.requests.length, 2);
  t.equal(both.entries[0]?.tokenId, both.entries[2]?.tokenId);
  t.same(both.requests[0]?.identity, { roleArn, externalId: 'ours', sessionName: 'me' });

  const own = { ...proxy, roleArn: `${roleArn}-own` };
  t.match(planTokens({ registries: [own, listed], ...places }).requests, [
    { identity: { roleArn: own.roleArn, externalId: undefined } },
    { identity: { roleArn } },
  ]);
  t.match(planTokens({ registries: [proxy], ...places }).requests, [{ identity: mine }]);
  t.end();
});

t.test('a host that names none goes with the first ECR host, else with AWS_REGION', (t) => {
  const proxy = { host: 'proxy.example.com' };
  const withEcr = planTokens({ registries: [proxy, { host: west }], region: 'us-east-1' });
  t.match(withEcr.requests, [{ region: 'us-west-2' }]);
  t.match(planTokens({ registries: [proxy], region: 'us-east-1' }).requests, [
    { region: 'us-east-1' },
  ]);
  t.end();
});

t.test('of hosts that share a token the strictest chooses the endpoint', (t) => {
  const fipsHost = '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com';
  const { requests } = planTokens({
    registries: [{ host: east }, { host: fipsHost }],
    region: undefined,
  });
  t.match(requests, [{ fips: true, dualStack: false }]);
  t.equal(requests.length, 1);
  t.end();
});

t.test('a namespace’s role asks for the registries that name no role of their own', (t) => {
  const registries = [{ host: east }, { host: otherAccount, roleArn }];
  const mine = { roleArn: 'arn:aws:iam::123456789012:role/mine' };
  const { requests, planHash } = planTokens({ registries, region: undefined, identity: mine });
  t.same(
    new Set(requests.map(({ identity }) => identity.roleArn)),
    new Set([mine.roleArn, roleArn]),
  );
  const common = planTokens({ registries, region: undefined }).planHash;
  t.not(planHash, common);
  t.ok(isOfOtherRole(planHash, common));
  t.notOk(isOfOtherRole(common, planHash));
  t.notOk(isOfOtherRole(planHash, planHash));
  t.end();
});

t.test('a namespace’s role that asks for no registry leaves no mark', (t) => {
  const registries = [{ host: otherAccount, roleArn }];
  const identity = { roleArn: 'arn:aws:iam::123456789012:role/mine' };
  const { planHash } = planTokens({ registries, region: undefined, identity });
  t.equal(planHash, planTokens({ registries, region: undefined }).planHash);
  t.end();
});

t.test('the document has the four fields of a docker login under AWS’s own key', (t) => {
  const plan = planTokens({ registries: [], region: 'us-east-1' });
  const tokens = new Map([[plan.requests[0]?.id ?? '', token()]]);
  const document = createDockerConfig(plan, tokens, nowMs);
  const auth = Buffer.from('AWS:pass:word').toString('base64');
  const email = 'ecr-pull-secrets@example.invalid';
  const entry = { username: 'AWS', password: 'pass:word', email, auth };
  t.same(JSON.parse(document?.dockerConfigJson ?? ''), { auths: { [registry]: entry } });
  t.match(document, { isComplete: true, expiresAtMs: nowMs + 12 * HOUR_MS, renewedAtMs: nowMs });
  t.end();
});

t.test('the document is the same to the last byte as it has always been', (t) => {
  const plan = planTokens({
    registries: [{ host: `https://${east}/` }, { host: west }],
    region: undefined,
  });
  const [eastId = '', westId = ''] = plan.requests.map(({ id }) => id);
  const tokens = new Map([
    [eastId, token()],
    [westId, token({ password: 'other' })],
  ]);
  t.equal(
    createDockerConfig(plan, tokens, nowMs)?.dockerConfigJson,
    '{"auths":{"https://123456789012.dkr.ecr.us-east-1.amazonaws.com/":{"username":"AWS","password":"pass:word","email":"ecr-pull-secrets@example.invalid","auth":"QVdTOnBhc3M6d29yZA=="},"123456789012.dkr.ecr.us-west-2.amazonaws.com":{"username":"AWS","password":"other","email":"ecr-pull-secrets@example.invalid","auth":"QVdTOm90aGVy"}}}',
  );
  t.end();
});

t.test('keys stay as written, dead and missing tokens are left out and that is said', (t) => {
  const plan = planTokens({
    registries: [{ host: `https://${east}/` }, { host: west }],
    region: undefined,
  });
  const [eastId = '', westId = ''] = plan.requests.map(({ id }) => id);
  const half = createDockerConfig(plan, new Map([[eastId, token()]]), nowMs);
  t.same(Object.keys(JSON.parse(half?.dockerConfigJson ?? '{}').auths), [`https://${east}/`]);
  t.equal(half?.isComplete, false);
  const dead = new Map([
    [eastId, token()],
    [westId, token({ expiresAtMs: nowMs })],
  ]);
  t.equal(createDockerConfig(plan, dead, nowMs)?.isComplete, false);
  t.equal(createDockerConfig(plan, new Map(), nowMs), undefined);
  t.end();
});

t.test('a document is not handed out when its token died meanwhile', (t) => {
  const clock = { ms: nowMs };
  const documents = createCredentialStore({
    registries: [],
    region: 'us-east-1',
    now: () => clock.ms,
  });
  const [request] = documents.requestsFor([]);
  documents.setTokens(new Map([[request?.id ?? '', token()]]));
  t.ok(documents.documentFor(undefined));
  clock.ms += 12 * HOUR_MS;
  t.equal(documents.documentFor(undefined), undefined);
  t.end();
});

t.test('callers differ by what names an identity, not by what changes with each start', (t) => {
  const irsa = {
    AWS_ROLE_ARN: roleArn,
    AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    AWS_PROFILE: '',
  };
  const same = callerOf(irsa);
  t.equal(callerOf({ ...irsa, AWS_PROFILE: undefined, POD_NAME: 'p-1' }), same);
  t.equal(callerOf({ ...irsa, AWS_ROLE_SESSION_NAME: 'p-1', AWS_SESSION_TOKEN: 'x' }), same);
  t.equal(callerOf({ ...irsa, AWS_SECRET_ACCESS_KEY: 'x' }), same, 'no secret is in the hash');
  const others = [
    { AWS_ROLE_ARN: `${roleArn}-2` },
    { AWS_ACCESS_KEY_ID: 'AKIAONE' },
    { AWS_ACCESS_KEY_ID: 'AKIATWO' },
    { AWS_PROFILE: 'AKIATWO' },
    { AWS_ENDPOINT_URL: 'http://localhost:4566' },
    { AWS_ENDPOINT_URL_STS: 'http://localhost:4566' },
    { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' },
  ];
  const callers = others.map((variables) => callerOf({ ...irsa, ...variables }));
  t.equal(new Set([same, ...callers]).size, others.length + 1);
  t.end();
});
