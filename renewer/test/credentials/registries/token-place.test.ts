import t from 'tap';
import { tokenEndpointOf, type TokenEndpoint } from '../../../src/credentials/registries/token-place.ts';
import { EAST } from '../../support/registry-tokens.ts';

t.test('a host says which service, region and endpoint gives its token', (t) => {
  const places: Readonly<Record<string, Omit<TokenEndpoint, 'partitions'>>> = {
    [`https://${EAST}`]: { service: 'ecr', region: 'us-east-1', fips: false, dualStack: false },
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
  for (const [host, place] of Object.entries(places)) t.match(tokenEndpointOf(host), place, host);
  t.equal(tokenEndpointOf('proxy.example.com'), undefined);
  t.end();
});
