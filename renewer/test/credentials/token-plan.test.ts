import t from 'tap';
import { createCredentialStore } from '../../src/credentials/credential-store.ts';
import { createDockerConfig } from '../../src/credentials/docker-config.ts';
import { planTokens } from '../../src/credentials/token-plan.ts';

const nowMs = Date.UTC(2026, 0, 1);
const east = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const west = '123456789012.dkr.ecr.us-west-2.amazonaws.com';

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

t.test(
  'a wildcard for the region takes the token of AWS_REGION, else of the first ECR host',
  (t) => {
    const anyRegion = '123456789012.dkr.ecr.*.amazonaws.com';
    t.same(regionsOf([west, anyRegion], 'us-east-1'), {
      [west]: 'us-west-2',
      [anyRegion]: 'us-east-1',
    });
    t.match(regionsOf([west, anyRegion], undefined), { [anyRegion]: 'us-west-2' });
    t.match(regionsOf(['*.dkr.ecr.*.amazonaws.com'], 'us-gov-west-1'), {
      '*.dkr.ecr.*.amazonaws.com': 'us-gov-west-1',
    });
    t.end();
  },
);

t.test('another partition’s key is refused alone, and the rest is complete without it', (t) => {
  const china = '*.dkr.ecr.cn-north-1.amazonaws.com.cn';
  const foreign = [
    china,
    '*.dkr.ecr.us-gov-west-1.amazonaws.com',
    '*.dkr.ecr.*.amazonaws.com.cn',
    '123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu',
    '123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov',
  ];
  const found = regionsOf([...foreign, east, 'proxy.example.com'], 'us-east-1');
  for (const key of foreign) t.match(found[key], { reason: REFUSAL }, key);
  t.equal(found[east], 'us-east-1');
  t.equal(found['proxy.example.com'], 'us-east-1');

  const plan = planTokens({ registries: [{ host: china }, { host: east }], region: 'us-east-1' });
  const alone = planTokens({ registries: [{ host: east }], region: 'us-east-1' });
  t.equal(plan.planHash, alone.planHash, 'no secret is written anew for it');
  const times = { obtainedAtMs: nowMs, expiresAtMs: nowMs + 1 };
  const token = { username: 'AWS', password: 'x', registry: east, ...times };
  const tokens = new Map([[plan.requests[0]?.id ?? '', token]]);
  t.same(createDockerConfig(plan, tokens, nowMs), createDockerConfig(alone, tokens, nowMs));
  t.equal(createDockerConfig(plan, tokens, nowMs)?.isComplete, true);
  t.end();
});

t.test('an identity gets the keys of its own partition, whichever region is home', (t) => {
  const china = '*.dkr.ecr.cn-north-1.amazonaws.com.cn';
  t.match(regionsOf([china, east, 'public.ecr.aws'], 'cn-northwest-1'), {
    [china]: 'cn-north-1',
    [east]: { reason: /partition aws,/ },
    'public.ecr.aws': { reason: /partition aws,/ },
  });
  const identity = { roleArn: 'arn:aws-cn:iam::123456789012:role/pull' };
  t.match(regionsOf([china, east], 'us-east-1', identity), {
    [china]: 'cn-north-1',
    [east]: { reason: /partition aws, and the role arn:aws-cn:\S+ is in aws-cn/ },
  });
  t.match(regionsOf(['*.dkr.ecr.*.amazonaws.com', 'proxy.example.com'], 'us-east-1', identity), {
    '*.dkr.ecr.*.amazonaws.com': { reason: /partition aws-us-gov or aws,/ },
    'proxy.example.com': { reason: /partition aws,/ },
  });
  t.match(regionsOf([china, east], undefined), { [china]: 'cn-north-1', [east]: 'us-east-1' });
  t.end();
});

t.test('a role that gets no key at all lacks its token', (t) => {
  const role = { roleArn: 'arn:aws-cn:iam::123456789012:role/x' };
  const registries = [{ host: east }];
  const documents = createCredentialStore({ registries, region: 'us-east-1', now: () => nowMs });
  t.equal(documents.lacksTokenOf(role), true);
  t.equal(documents.documentFor(role), undefined);
  t.same(documents.requestsFor([role]), documents.requestsFor([]));
  t.end();
});
