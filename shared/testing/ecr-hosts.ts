/** Whatever decides about ECR hosts must agree on these: the code here, and the chart's admission policy. */

const ACCOUNT = '123456789012';

interface PrivateEcrHost {
  readonly host: string;
  readonly account: string;
  readonly region: string;
  readonly fips: boolean;
}

function ecrHost(rest: string, region: string, fips = false): PrivateEcrHost {
  return { host: `${ACCOUNT}.${rest}`, account: ACCOUNT, region, fips };
}

/** Of each partition, each form that AWS has. */
export const PRIVATE_ECR_HOSTS: readonly PrivateEcrHost[] = [
  ecrHost('dkr.ecr.us-east-1.amazonaws.com', 'us-east-1'),
  ecrHost('dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1', true),
  ecrHost('dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'),
  ecrHost('dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'),
  ecrHost('dkr.ecr.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1'),
  ecrHost('dkr.ecr.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1'),
  ecrHost('dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk', 'eu-isoe-west-1'),
  ecrHost('dkr.ecr.us-isof-east-1.csp.hci.ic.gov', 'us-isof-east-1'),
  ecrHost('dkr-ecr.us-west-2.on.aws', 'us-west-2'),
  ecrHost('dkr-ecr-fips.us-west-2.on.aws', 'us-west-2', true),
  ecrHost('dkr-ecr.cn-north-1.on.amazonwebservices.com.cn', 'cn-north-1'),
];

/** Hosts that are no private ECR host. */
export const OTHER_HOSTS: readonly string[] = [
  'public.ecr.aws',
  'ecr-public.aws.com',
  'docker.io',
  '12345678901.dkr.ecr.us-east-1.amazonaws.com',
  '1234567890123.dkr.ecr.us-east-1.amazonaws.com',
  `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.fake.example.com`,
  `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.lol`,
  `${ACCOUNT}.dkr.ecr.us-east-1.amazonawsxcom`,
  `${ACCOUNT}xdkr.ecr.us-east-1.amazonaws.com`,
  `${ACCOUNT}.dkr-ecr.us-east-1.on.aws.com.cn`,
  `evil.${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`,
  `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com\n`,
  `${ACCOUNT}.dkr.ecr..amazonaws.com`,
];
