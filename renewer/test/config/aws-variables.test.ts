import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import t, { type Test } from 'tap';
import { readConfigFile } from '../../src/config/config-file.ts';
import type { AwsRequestHandler } from '../../src/network/aws-request-handler.ts';
import { identityFingerprint } from '../../src/credentials/aws/identity-fingerprint.ts';
import { createAwsTokenSource } from '../../src/credentials/aws/aws-token-source.ts';
import type { Registry } from '../../src/credentials/registries/registries.ts';
import { planTokens } from '../../src/credentials/token-plan.ts';
import { readRenewOnceConfiguration } from '../../src/commands/renew-once/configuration.ts';

type Variables = Readonly<Record<string, string>>;

const KEYS = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const OLD_KEYS = {
  AWS_ACCESS_KEY: KEYS.AWS_ACCESS_KEY_ID,
  AWS_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY,
};
const ROLE_ARN = 'arn:aws:iam::123456789012:role/pull';

function read(variables: Variables) {
  return readRenewOnceConfiguration({ DOCKER_SECRET_NAME: 'a', ...variables });
}

function readFile(content: unknown) {
  return readConfigFile('c.json', () => JSON.stringify(content));
}

/** The first request to AWS by nothing but these variables: where it goes and who signs it. */
async function firstRequest(t: Test, variables: Variables, registries: readonly Registry[] = []) {
  const value = { AWS_EC2_METADATA_DISABLED: 'true', ...variables };
  const restore = t.intercept(process, 'env', { value });
  const asked: { hostname: string; authorization: string; token: string | undefined }[] = [];
  const requestHandler: AwsRequestHandler = {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async ({ hostname, headers }) => {
      const { authorization = '', 'x-amz-security-token': token } = headers;
      asked.push({ hostname, authorization, token });
      throw Object.assign(new Error('not sent'), { name: 'AccessDeniedException' });
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    destroy: () => {},
  };
  const { awsKeys: keys, awsRegion: region } = read(variables);
  const tokenSource = createAwsTokenSource({ clock: systemClock, requestHandler }, { keys });
  const [request] = planTokens({ registries, region }).requests;
  if (!request) throw new Error('no request');
  const { signal } = new AbortController();
  await t.rejects(tokenSource(request, signal), { cause: { message: 'not sent' } });
  restore();
  return asked[0];
}

function problemOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return describeError(error);
  }
  throw new Error('nothing was thrown');
}

t.test('keys are found as the AWS SDK for Go finds them, and are preferred to a profile', async (t) => {
  const config = t.testdir({
    config: '[profile other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n',
  });
  const profile = { AWS_PROFILE: 'other', AWS_CONFIG_FILE: `${config}/config` };
  const warnings = t.capture(console, 'warn');
  const token = 'IQoJb3JpZ2luX2VjEXAMPLE';
  const region = { AWS_REGION: 'eu-west-1' };
  const cases: Readonly<Record<string, Variables>> = {
    keys: KEYS,
    'keys beside a profile': { ...KEYS, ...profile },
    'keys beside a profile that does not exist': { ...KEYS, AWS_PROFILE: 'absent' },
    'the older names': OLD_KEYS,
    'both names': { ...KEYS, AWS_ACCESS_KEY: 'AKIAOTHER', AWS_SECRET_KEY: 'x' },
    'one of each': {
      AWS_ACCESS_KEY_ID: KEYS.AWS_ACCESS_KEY_ID,
      AWS_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY,
    },
    newlines: {
      AWS_ACCESS_KEY_ID: `${KEYS.AWS_ACCESS_KEY_ID}\n`,
      AWS_SECRET_ACCESS_KEY: ` ${KEYS.AWS_SECRET_ACCESS_KEY}\r\n`,
      AWS_SESSION_TOKEN: `${token}\n`,
      AWS_REGION: 'eu-west-1\n',
    },
    'an empty id beside the older names': { AWS_ACCESS_KEY_ID: '\n', ...OLD_KEYS },
  };
  const by = /Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/eu-west-1\//;
  for (const [title, variables] of Object.entries(cases)) {
    const request = await firstRequest(t, { ...region, ...variables });
    t.match(request, { hostname: 'api.ecr.eu-west-1.amazonaws.com', authorization: by }, title);
    t.equal(request?.token, title === 'newlines' ? token : undefined);
    const host = '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com';
    const assuming = await firstRequest(t, { ...region, ...variables }, [{ host, roleArn: ROLE_ARN }]);
    t.match(assuming, {
      hostname: 'sts-fips.us-east-1.amazonaws.com',
      authorization: /AKIAIOSFODNN7/,
    });
  }
  t.match(await firstRequest(t, { ...region, ...profile }), { authorization: /AKIAOTHER/ });
  t.same(warnings(), [], 'the SDK has nothing to warn of');
});

t.test('AWS_DEFAULT_REGION counts if AWS_REGION is not set, for STS too', async (t) => {
  const region = { AWS_DEFAULT_REGION: 'eu-west-1' };
  const token = `${t.testdir({ token: 'a' })}/token`;
  const irsa = { AWS_ROLE_ARN: ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE: token };
  const hostOf = async (variables: Variables) => (await firstRequest(t, variables))?.hostname;
  t.equal(await hostOf({ ...KEYS, ...region }), 'api.ecr.eu-west-1.amazonaws.com');
  t.equal(await hostOf({ ...irsa, ...region }), 'sts.eu-west-1.amazonaws.com');
  t.equal(await hostOf({ ...KEYS, ...region, AWS_REGION: 'us-west-2' }), 'api.ecr.us-west-2.amazonaws.com');
});

t.test('the caller is the same by each name of a key id, and with a newline behind it', (t) => {
  const caller = identityFingerprint(KEYS);
  t.equal(identityFingerprint(OLD_KEYS), caller);
  t.equal(identityFingerprint({ AWS_ACCESS_KEY_ID: '\n', ...OLD_KEYS }), caller);
  t.equal(identityFingerprint({ AWS_ACCESS_KEY_ID: `${KEYS.AWS_ACCESS_KEY_ID}\n` }), caller);
  t.not(identityFingerprint({ AWS_ACCESS_KEY: 'AKIAOTHER' }), caller);
  t.end();
});

t.test('half a pair of keys leaves the identity to the default chain', (t) => {
  t.equal(read({ AWS_ACCESS_KEY_ID: KEYS.AWS_ACCESS_KEY_ID }).awsKeys, undefined);
  t.equal(read({ AWS_SECRET_KEY: 'x' }).awsKeys, undefined);
  t.end();
});

t.test('what AWS would refuse is refused at the start, and no key is quoted', (t) => {
  const secret = KEYS.AWS_SECRET_ACCESS_KEY;
  const cases: readonly (readonly [name: string, value: string, problem: RegExp])[] = [
    ['AWS_ACCESS_KEY_ID', `"${secret}"`, /is not an access key id/],
    ['AWS_ACCESS_KEY_ID', `${secret}\n${secret}`, /is not an access key id/],
    ['AWS_ACCESS_KEY', secret, /is not an access key id/],
    ['AWS_SECRET_ACCESS_KEY', `${secret}\n${secret}`, /has a blank, a newline/],
    ['AWS_SECRET_KEY', `${secret} x`, /has a blank/],
    ['AWS_SESSION_TOKEN', `${secret}ä`, /not ASCII/],
  ];
  for (const [name, value, problem] of cases) {
    const message = problemOf(() => read({ [name]: value }));
    t.match(message, problem);
    t.match(message, new RegExp(`^${name}: .*; for example ${name}=`));
    t.notMatch(message.replace(/; for example .*$/, ''), secret);
  }
  const visible: readonly (readonly [name: string, value: string])[] = [
    ['AWS_DEFAULT_REGION', 'Frankfurt'],
    ['AWS_REGION', 'eu-west-1 # home'],
    ['AWS_ROLE_SESSION_NAME', 'our cluster (eu)'],
    ['AWS_ROLE_SESSION_NAME', 'a'],
    ['AWS_ROLE_ARN', `${ROLE_ARN}\n`],
  ];
  for (const [name, value] of visible) {
    const message = problemOf(() => read({ [name]: value }));
    t.ok(message.startsWith(`${name}=${JSON.stringify(value)}: is not `), message);
    t.match(message, `; for example ${name}=`);
  }
  t.end();
});

t.test('a name of a session and an external id that STS refuses are refused with the key', (t) => {
  const cases: readonly (readonly [key: string, value: string])[] = [
    ['sessionName', 'our cluster (eu)'],
    ['sessionName', 'a'],
    ['sessionName', 'a'.repeat(65)],
    ['sessionName', 'größe'],
    ['sessionName', 'a\n'],
    ['externalId', 'a b'],
    ['externalId', 'a'],
    ['externalId', 'a'.repeat(1225)],
    ['externalId', 'a;b'],
  ];
  const lists = {
    registries: { host: '123456789012.dkr.ecr.us-east-1.amazonaws.com', roleArn: ROLE_ARN },
    namespaceRoles: { roleArn: ROLE_ARN, namespaces: 'a' },
  };
  for (const [list, entry] of Object.entries(lists)) {
    for (const [key, value] of cases) {
      const message = problemOf(() => readFile({ [list]: [{ ...entry, [key]: value }] }));
      t.match(message, new RegExp(`CONFIG_FILE=c\\.json: ${list}\\.0\\.${key}: is not an? .*STS takes`));
      t.match(message, 'for example "our-cluster"');
    }
    const right = { sessionName: 'our-cluster@eu.example', externalId: 'a:b/c=1' };
    t.ok(readFile({ [list]: [{ ...entry, ...right }] }));
    t.ok(readFile({ [list]: [{ ...entry, sessionName: '', externalId: '' }] }), 'none');
  }
  t.end();
});
