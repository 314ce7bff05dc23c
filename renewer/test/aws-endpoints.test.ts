import { systemClock } from '@ecr-pull-secrets/shared/clock.ts';
import t from 'tap';
import type { AwsRequestHandler } from '../src/network/aws-request-handler.ts';
import { createAwsTokenSource } from '../src/registry-tokens/aws-token-source.ts';
import type { Registry } from '../src/registry-tokens/registries.ts';
import { planTokens } from '../src/registry-tokens/token-plan.ts';

// The SDK looks for keys in the environment; these open nothing.
process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
process.env['AWS_SECRET_ACCESS_KEY'] = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

const account = '123456789012';

/** Where the SDK would send the requests for a registry's token. */
async function endpointsFor(registry: Registry): Promise<readonly string[]> {
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
  const { requests } = planTokens({ registries: [registry], region: undefined });
  for (const request of requests) {
    await tokenSource(request, new AbortController().signal).catch(() => undefined);
  }
  return asked;
}

t.test('each partition and kind of host is asked for at its own endpoint', async (t) => {
  const endpoints: Readonly<Record<string, string>> = {
    [`${account}.dkr.ecr.us-east-1.amazonaws.com`]: 'api.ecr.us-east-1.amazonaws.com',
    [`${account}.dkr.ecr-fips.us-east-1.amazonaws.com`]: 'api.ecr-fips.us-east-1.amazonaws.com',
    [`${account}.dkr-ecr.eu-west-1.on.aws`]: 'ecr.eu-west-1.api.aws',
    [`${account}.dkr.ecr.cn-north-1.amazonaws.com.cn`]: 'api.ecr.cn-north-1.amazonaws.com.cn',
    [`${account}.dkr.ecr.us-gov-west-1.amazonaws.com`]: 'api.ecr.us-gov-west-1.amazonaws.com',
    [`${account}.dkr.ecr.us-iso-east-1.c2s.ic.gov`]: 'api.ecr.us-iso-east-1.c2s.ic.gov',
    [`${account}.dkr.ecr.eusc-de-east-1.amazonaws.eu`]: 'api.ecr.eusc-de-east-1.amazonaws.eu',
    'public.ecr.aws': 'api.ecr-public.us-east-1.amazonaws.com',
  };
  for (const [host, endpoint] of Object.entries(endpoints)) {
    t.equal((await endpointsFor({ host }))[0], endpoint, host);
  }
});

t.test('a role is assumed in the registry’s own region', async (t) => {
  const host = `${account}.dkr.ecr.eu-west-1.amazonaws.com`;
  const roleArn = `arn:aws:iam::${account}:role/pull`;
  t.equal((await endpointsFor({ host, roleArn }))[0], 'sts.eu-west-1.amazonaws.com');
});
