import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import t, { type Test } from 'tap';
import type { AwsRequestHandler } from '../../../src/network/aws-request-handler.ts';
import { createAwsTokenSource } from '../../../src/credentials/aws/aws-token-source.ts';
import type { Registry } from '../../../src/credentials/registries/registries.ts';
import { planTokens } from '../../../src/credentials/token-plan.ts';

/** The SDK looks for keys in the environment; these open nothing. */
const KEYS = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

const account = '123456789012';
const fipsHost = `${account}.dkr.ecr-fips.us-east-1.amazonaws.com`;
const dualStackHost = `${account}.dkr-ecr.eu-west-1.on.aws`;
const roleArn = `arn:aws:iam::${account}:role/pull`;

type Variables = Readonly<Record<string, string>>;

/** Where the SDK would send the first request for a registry's token, by nothing but these variables. */
async function endpointFor(t: Test, registry: Registry, variables: Variables = KEYS) {
  const value = { AWS_EC2_METADATA_DISABLED: 'true', ...variables };
  const restore = t.intercept(process, 'env', { value });
  const asked: string[] = [];
  const requestHandler: AwsRequestHandler = {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async ({ hostname }) => {
      asked.push(hostname);
      // No more tries: the SDK repeats only what may succeed later.
      throw Object.assign(new Error('not sent'), { name: 'AccessDeniedException' });
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    destroy: () => {},
  };
  const tokenSource = createAwsTokenSource({ clock: systemClock, requestHandler });
  const [request] = planTokens({ registries: [registry], region: undefined }).requests;
  if (!request) throw new Error('no request');
  const error: unknown = await tokenSource(request, new AbortController().signal).catch((thrown: unknown) => thrown);
  restore();
  t.match(error, { cause: { message: 'not sent' } });
  return asked[0];
}

t.test('the token of each partition and kind of host is requested at its own endpoint', async (t) => {
  const endpoints: Variables = {
    [`${account}.dkr.ecr.us-east-1.amazonaws.com`]: 'api.ecr.us-east-1.amazonaws.com',
    [fipsHost]: 'api.ecr-fips.us-east-1.amazonaws.com',
    [dualStackHost]: 'ecr.eu-west-1.api.aws',
    [`${account}.dkr-ecr-fips.us-east-2.on.aws`]: 'ecr-fips.us-east-2.api.aws',
    [`${account}.dkr.ecr.cn-north-1.amazonaws.com.cn`]: 'api.ecr.cn-north-1.amazonaws.com.cn',
    [`${account}.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn`]:
      'ecr.cn-northwest-1.api.amazonwebservices.com.cn',
    [`${account}.dkr.ecr.us-gov-west-1.amazonaws.com`]: 'api.ecr.us-gov-west-1.amazonaws.com',
    [`${account}.dkr.ecr-fips.us-gov-east-1.amazonaws.com`]: 'api.ecr-fips.us-gov-east-1.amazonaws.com',
    [`${account}.dkr.ecr.us-iso-east-1.c2s.ic.gov`]: 'api.ecr.us-iso-east-1.c2s.ic.gov',
    [`${account}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov`]: 'api.ecr.us-isob-east-1.sc2s.sgov.gov',
    [`${account}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk`]: 'api.ecr.eu-isoe-west-1.cloud.adc-e.uk',
    [`${account}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov`]: 'api.ecr.us-isof-south-1.csp.hci.ic.gov',
    [`${account}.dkr.ecr.eusc-de-east-1.amazonaws.eu`]: 'api.ecr.eusc-de-east-1.amazonaws.eu',
    'public.ecr.aws': 'api.ecr-public.us-east-1.amazonaws.com',
  };
  for (const [host, endpoint] of Object.entries(endpoints)) {
    t.equal(await endpointFor(t, { host }), endpoint, host);
  }
});

t.test('a role is assumed in the registry’s own region', async (t) => {
  const host = `${account}.dkr.ecr.eu-west-1.amazonaws.com`;
  t.equal(await endpointFor(t, { host, roleArn }), 'sts.eu-west-1.amazonaws.com');
  t.equal(await endpointFor(t, { host: dualStackHost, roleArn }), 'sts.eu-west-1.amazonaws.com');
});

t.test('for a FIPS host STS is called at its FIPS endpoint too, by every way to a role', async (t) => {
  const directory = t.testdir({
    token: 'a token',
    config: `[profile assuming]\nrole_arn = ${roleArn}\nsource_profile = keys\n[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = key\n`,
  });
  const irsa = { AWS_ROLE_ARN: roleArn, AWS_WEB_IDENTITY_TOKEN_FILE: `${directory}/token` };
  const profile = { AWS_CONFIG_FILE: `${directory}/config`, AWS_PROFILE: 'assuming' };
  const endpoint = 'sts-fips.us-east-1.amazonaws.com';
  t.equal(await endpointFor(t, { host: fipsHost, roleArn }), endpoint);
  for (const variables of [irsa, profile]) {
    t.equal(await endpointFor(t, { host: fipsHost }, variables), endpoint);
    t.equal(await endpointFor(t, { host: fipsHost, roleArn }, variables), endpoint);
  }
});

t.test('a custom endpoint is called as it is, whatever the host', async (t) => {
  const directory = t.testdir({
    plain: '[default]\nendpoint_url = https://custom.example\n',
    services: '[default]\nservices = mine\n[services mine]\necr =\n  endpoint_url = https://custom.example\n',
  });
  const settings: readonly Variables[] = [
    { AWS_ENDPOINT_URL: 'https://custom.example' },
    { AWS_ENDPOINT_URL_ECR: 'https://custom.example' },
    { AWS_CONFIG_FILE: `${directory}/plain` },
    { AWS_CONFIG_FILE: `${directory}/services` },
  ];
  for (const variables of settings) {
    for (const host of [fipsHost, dualStackHost]) {
      const endpoint = await endpointFor(t, { host }, { ...KEYS, ...variables });
      t.equal(endpoint, 'custom.example', `${JSON.stringify(variables)} ${host}`);
    }
  }
});

t.test('a custom endpoint of one service leaves the other where it is', async (t) => {
  const registry = { host: fipsHost, roleArn };
  const ecr = { ...KEYS, AWS_ENDPOINT_URL_ECR: 'https://custom.example' };
  t.equal(await endpointFor(t, registry, ecr), 'sts-fips.us-east-1.amazonaws.com');
  const sts = { ...KEYS, AWS_ENDPOINT_URL_STS: 'https://custom.example' };
  t.equal(await endpointFor(t, registry, sts), 'custom.example');
  t.equal(await endpointFor(t, { host: fipsHost }, sts), 'api.ecr-fips.us-east-1.amazonaws.com');
  const ignored = { ...ecr, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
  t.equal(await endpointFor(t, { host: fipsHost }, ignored), 'api.ecr-fips.us-east-1.amazonaws.com');
});
