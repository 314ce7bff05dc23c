import t from 'tap';
import { parseEcrHost } from '../src/ecr-host.ts';
import { registryOf, withoutPort } from '../src/image-reference.ts';

const account = '123456789012';

t.test('private ECR hosts of every partition are recognised', (t) => {
  const hosts: readonly (readonly [host: string, region: string, fips: boolean])[] = [
    [`${account}.dkr.ecr.us-east-1.amazonaws.com`, 'us-east-1', false],
    [`${account}.dkr.ecr-fips.us-gov-west-1.amazonaws.com`, 'us-gov-west-1', true],
    [`${account}.dkr.ecr.cn-north-1.amazonaws.com.cn`, 'cn-north-1', false],
    [`${account}.dkr.ecr.eusc-de-east-1.amazonaws.eu`, 'eusc-de-east-1', false],
    [`${account}.dkr.ecr.us-iso-east-1.c2s.ic.gov`, 'us-iso-east-1', false],
    [`${account}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov`, 'us-isob-east-1', false],
    [`${account}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk`, 'eu-isoe-west-1', false],
    [`${account}.dkr.ecr.us-isof-east-1.csp.hci.ic.gov`, 'us-isof-east-1', false],
    [`${account}.dkr-ecr.us-west-2.on.aws`, 'us-west-2', false],
    [`${account}.dkr-ecr-fips.us-west-2.on.aws`, 'us-west-2', true],
    [`${account}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn`, 'cn-north-1', false],
  ];
  for (const [host, region, fips] of hosts) {
    t.match(parseEcrHost(host), { account, region, fips }, host);
  }
  t.end();
});

t.test('hosts that only look like ECR are refused', (t) => {
  const hosts = [
    'public.ecr.aws',
    'ecr-public.aws.com',
    'docker.io',
    '12345678901.dkr.ecr.us-east-1.amazonaws.com',
    '1234567890123.dkr.ecr.us-east-1.amazonaws.com',
    `${account}.dkr.ecr.us-east-1.amazonaws.com.fake.example.com`,
    `${account}.dkr.ecr.us-east-1.amazonaws.lol`,
    `${account}.dkr-ecr.us-east-1.on.aws.com.cn`,
    `evil.${account}.dkr.ecr.us-east-1.amazonaws.com`,
    `${account}.dkr.ecr.us-east-1.amazonaws.com\n`,
    `${account}.dkr.ecr..amazonaws.com`,
  ];
  for (const host of hosts) t.equal(parseEcrHost(host), undefined, host);
  t.end();
});

t.test('the registry of an image is its first segment only where that is a host', (t) => {
  const images: Readonly<Record<string, string>> = {
    nginx: 'docker.io',
    'library/nginx': 'docker.io',
    'host:443': 'docker.io',
    'localhost/app': 'localhost',
    'registry:5000/app:1': 'registry:5000',
    '[::1]:5000/app': '[::1]:5000',
    'Registry/app': 'Registry',
    'index.docker.io/library/nginx': 'docker.io',
    'evil.io/123456789012.dkr.ecr.us-east-1.amazonaws.com/app': 'evil.io',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app@sha256:00':
      '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com/public.ecr.aws/foo':
      '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    'public.ecr.aws/123456789012.dkr.ecr.us-east-1.amazonaws.com/foo': 'public.ecr.aws',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com': 'docker.io',
    '': 'docker.io',
  };
  for (const [image, registry] of Object.entries(images))
    t.equal(registryOf(image), registry, image);
  t.end();
});

t.test('a port is cut from a host, and brackets stay', (t) => {
  t.equal(withoutPort('registry:5000'), 'registry');
  t.equal(withoutPort('[::1]:5000'), '[::1]');
  t.equal(withoutPort('registry'), 'registry');
  t.end();
});
