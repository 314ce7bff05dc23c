import t from 'tap';
import { createDockerConfig } from '../../src/credentials/docker-config.ts';
import type { Registry } from '../../src/credentials/registries/registries.ts';
import { tokenEndpointOf } from '../../src/credentials/registries/token-place.ts';
import { isOfOtherRole, planTokens, tokenRequestsOf } from '../../src/credentials/token-plan.ts';
import { EAST, NOW_MS, WEST } from '../support/registry-tokens.ts';

const otherAccount = '210987654321.dkr.ecr.us-east-1.amazonaws.com';
const roleArn = 'arn:aws:iam::210987654321:role/pull';

const REFUSAL = /gets no token: .* partition aws-.* AWS_REGION=us-east-1, is in aws;/;

/** The region whose token each key takes, or why it takes none. */
function regionsOf(keys: readonly string[], region: string | undefined, identity = {}) {
  const registries = keys.map((host) => ({ host }));
  const { entries, requests, refused } = planTokens({ registries, region, identity });
  const regions = new Map(requests.map((request) => [request.id, request.region]));
  return Object.fromEntries([
    ...entries.map(({ key, tokenId }) => [key, regions.get(tokenId)]),
    ...refused.map(({ key, reason }) => [key, { reason }]),
  ]);
}

t.test('without registries the plan is the caller’s own one in its region', (t) => {
  const { requests, entries } = planTokens({ registries: [], region: 'eu-west-1' });
  t.match(requests, [{ service: 'ecr', region: 'eu-west-1', identity: {} }]);
  t.match(entries, [{ key: undefined, tokenId: requests[0]?.id }]);
  t.end();
});

t.test('there is one token per identity and region, and none under another region’s host', (t) => {
  const registries: readonly Registry[] = [
    { host: `https://${EAST}` },
    { host: `${EAST}/` },
    { host: otherAccount },
    { host: otherAccount.replace('us-east-1', 'us-west-2'), roleArn },
    { host: WEST },
    { host: 'public.ecr.aws' },
  ];
  const { requests, entries } = planTokens({ registries, region: 'eu-west-1' });
  t.equal(requests.length, 4);
  const regionOf = new Map(requests.map((request) => [request.id, request]));
  for (const [index, { tokenId }] of entries.entries()) {
    const host = registries[index]?.host ?? '';
    t.equal(regionOf.get(tokenId)?.region, tokenEndpointOf(host)?.region, host);
    t.equal(regionOf.get(tokenId)?.identity.roleArn, registries[index]?.roleArn, host);
  }
  t.end();
});

t.test('a host that is no ECR name takes the token of the registry that it names', (t) => {
  const { requests, entries } = planTokens({
    registries: [{ host: 'proxy.example.com', tokenOf: WEST }],
    region: 'us-east-1',
  });
  t.match(requests, [{ region: 'us-west-2' }]);
  t.match(entries, [{ key: 'proxy.example.com' }]);
  t.end();
});

t.test('a host takes the very token of the registry that it names, whatever identity requests it', (t) => {
  const proxy = { host: 'proxy.example.com', tokenOf: `https://${otherAccount.toUpperCase()}/` };
  const listed = { host: otherAccount, roleArn, externalId: 'ours', sessionName: 'me' };
  const mine = { roleArn: 'arn:aws:iam::123456789012:role/mine' };
  const places = { region: undefined, identity: mine };
  const both = planTokens({ registries: [proxy, { host: EAST }, listed], ...places });
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
  const withEcr = planTokens({ registries: [proxy, { host: WEST }], region: 'us-east-1' });
  t.match(withEcr.requests, [{ region: 'us-west-2' }]);
  t.match(planTokens({ registries: [proxy], region: 'us-east-1' }).requests, [{ region: 'us-east-1' }]);
  t.end();
});

t.test('of hosts that share a token the strictest chooses the endpoint', (t) => {
  const fipsHost = '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com';
  const { requests } = planTokens({
    registries: [{ host: EAST }, { host: fipsHost }],
    region: undefined,
  });
  t.match(requests, [{ fips: true, dualStack: false }]);
  t.equal(requests.length, 1);
  t.end();
});

t.test(
  'the strictest endpoint is chosen also if one plan requests a token by a FIPS host and another one does not',
  (t) => {
    const registries = [{ host: EAST, roleArn }, { host: '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com' }];
    const ofRole = planTokens({ registries, region: undefined, identity: { roleArn } });
    const ofDefault = planTokens({ registries, region: undefined });
    const id = ofRole.requests[0]?.id;
    for (const plans of [
      [ofDefault, ofRole],
      [ofRole, ofDefault],
    ]) {
      t.match(
        tokenRequestsOf(plans).find((request) => request.id === id),
        { fips: true },
      );
    }
    t.end();
  },
);

t.test('the tokens of registries that name no role are requested with the role of the namespace', (t) => {
  const registries = [{ host: EAST }, { host: otherAccount, roleArn }];
  const mine = { roleArn: 'arn:aws:iam::123456789012:role/mine' };
  const { requests, planHash } = planTokens({ registries, region: undefined, identity: mine });
  t.same(new Set(requests.map(({ identity }) => identity.roleArn)), new Set([mine.roleArn, roleArn]));
  const common = planTokens({ registries, region: undefined }).planHash;
  t.not(planHash, common);
  t.ok(isOfOtherRole(planHash, common));
  t.notOk(isOfOtherRole(common, planHash));
  t.notOk(isOfOtherRole(planHash, planHash));
  t.end();
});

t.test('a namespace’s role by which no token is requested leaves no mark', (t) => {
  const registries = [{ host: otherAccount, roleArn }];
  const identity = { roleArn: 'arn:aws:iam::123456789012:role/mine' };
  const { planHash } = planTokens({ registries, region: undefined, identity });
  t.equal(planHash, planTokens({ registries, region: undefined }).planHash);
  t.end();
});

t.test('a wildcard for the account takes the token of its region', (t) => {
  const keys = [
    '*.dkr.ecr.eu-west-1.amazonaws.com',
    'https://*.dkr-ecr.eu-west-2.on.aws/team-a',
    '*.dkr.ecr.us-east-1.amazonaws.com',
  ];
  t.same(regionsOf(keys, 'us-east-1'), {
    [keys[0] ?? '']: 'eu-west-1',
    [keys[1] ?? '']: 'eu-west-2',
    [keys[2] ?? '']: 'us-east-1',
  });
  t.match(
    planTokens({
      registries: [{ host: '*.dkr.ecr-fips.us-east-2.amazonaws.com' }],
      region: 'us-east-1',
    }).requests,
    [{ region: 'us-east-2', fips: true }],
  );
  t.end();
});

t.test('a wildcard for the region takes the token of AWS_REGION, else of the first ECR host', (t) => {
  const anyRegion = '123456789012.dkr.ecr.*.amazonaws.com';
  t.same(regionsOf([WEST, anyRegion], 'us-east-1'), {
    [WEST]: 'us-west-2',
    [anyRegion]: 'us-east-1',
  });
  t.match(regionsOf([WEST, anyRegion], undefined), { [anyRegion]: 'us-west-2' });
  t.match(regionsOf(['*.dkr.ecr.*.amazonaws.com'], 'us-gov-west-1'), {
    '*.dkr.ecr.*.amazonaws.com': 'us-gov-west-1',
  });
  t.end();
});

t.test('another partition’s key is refused alone, and the rest is complete without it', (t) => {
  const china = '*.dkr.ecr.cn-north-1.amazonaws.com.cn';
  const foreign = [
    china,
    '*.dkr.ecr.us-gov-west-1.amazonaws.com',
    '*.dkr.ecr.*.amazonaws.com.cn',
    '123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu',
    '123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov',
  ];
  const found = regionsOf([...foreign, EAST, 'proxy.example.com'], 'us-east-1');
  for (const key of foreign) t.match(found[key], { reason: REFUSAL }, key);
  t.equal(found[EAST], 'us-east-1');
  t.equal(found['proxy.example.com'], 'us-east-1');

  const plan = planTokens({ registries: [{ host: china }, { host: EAST }], region: 'us-east-1' });
  const alone = planTokens({ registries: [{ host: EAST }], region: 'us-east-1' });
  t.equal(plan.planHash, alone.planHash, 'no secret is written anew for it');
  const times = { obtainedAtMs: NOW_MS, expiresAtMs: NOW_MS + 1 };
  const token = { username: 'AWS', password: 'x', registry: EAST, ...times };
  const tokens = new Map([[plan.requests[0]?.id ?? '', token]]);
  t.same(createDockerConfig(plan, tokens, NOW_MS), createDockerConfig(alone, tokens, NOW_MS));
  t.equal(createDockerConfig(plan, tokens, NOW_MS)?.isComplete, true);
  t.end();
});

t.test('an identity gets the keys of its own partition, whichever region is home', (t) => {
  const china = '*.dkr.ecr.cn-north-1.amazonaws.com.cn';
  t.match(regionsOf([china, EAST, 'public.ecr.aws'], 'cn-northwest-1'), {
    [china]: 'cn-north-1',
    [EAST]: { reason: /partition aws,/ },
    'public.ecr.aws': { reason: /partition aws,/ },
  });
  const identity = { roleArn: 'arn:aws-cn:iam::123456789012:role/pull' };
  t.match(regionsOf([china, EAST], 'us-east-1', identity), {
    [china]: 'cn-north-1',
    [EAST]: { reason: /partition aws, and the role arn:aws-cn:\S+ is in aws-cn/ },
  });
  t.match(regionsOf(['*.dkr.ecr.*.amazonaws.com', 'proxy.example.com'], 'us-east-1', identity), {
    '*.dkr.ecr.*.amazonaws.com': { reason: /partition aws-us-gov or aws,/ },
    'proxy.example.com': { reason: /partition aws,/ },
  });
  t.match(regionsOf([china, EAST], undefined), { [china]: 'cn-north-1', [EAST]: 'us-east-1' });
  t.end();
});
