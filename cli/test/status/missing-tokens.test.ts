import t from 'tap';
import { registriesWithoutToken } from '../../src/status/missing-tokens.ts';

const ROLE = 'arn:aws:iam::210987654321:role/pull';
const OURS = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const OTHER_REGION = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const OTHER_ACCOUNT = '210987654321.dkr.ecr.us-east-1.amazonaws.com';

const token = { registry: OURS, role: undefined };
const roleToken = { registry: OTHER_ACCOUNT, role: ROLE };

t.test('which configured registries have no token', async (t) => {
  const region = 'us-east-1';
  const cases = [
    [[], region, [token], []],
    [[], undefined, [token], []],
    [[], region, [], ['the registry of the account has no token']],
    [[], 'eu-west-1', [token], ['the registry of the account has no token']],
    // Any registry of the region takes the token, whatever its account is.
    [[{ host: OURS }, { host: OTHER_ACCOUNT }], region, [token], []],
    [[{ host: OURS }, { host: OTHER_REGION }], region, [token], [`${OTHER_REGION} has no token`]],
    [[{ host: OTHER_ACCOUNT, roleArn: ROLE }], region, [roleToken], []],
    [[{ host: OTHER_ACCOUNT, roleArn: ROLE }], region, [token], [`${OTHER_ACCOUNT} has no token of the role ${ROLE}`]],
    [[{ host: OTHER_ACCOUNT }], region, [roleToken], [`${OTHER_ACCOUNT} has no token`]],
    [[{ host: 'public.ecr.aws' }], region, [token], ['public.ecr.aws has no token']],
    [[{ host: 'public.ecr.aws' }], region, [{ registry: 'public.ecr.aws', role: undefined }], []],
  ] as const;
  for (const [registries, awsRegion, tokens, expected] of cases) {
    const found = registriesWithoutToken(registries, awsRegion, tokens);
    t.same(
      found.map(({ registries: keys, reason }) => `${keys.join(', ')} ${reason}`),
      expected,
      JSON.stringify(registries),
    );
  }
  const china = [{ host: '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn' }, { host: OURS }];
  t.match(registriesWithoutToken(china, region, [token]), [
    { reason: /^gets no token: it is in AWS’s partition aws-cn/ },
  ]);
});
