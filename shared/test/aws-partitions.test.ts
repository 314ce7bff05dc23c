import t from 'tap';
import { partitionOf, partitionsIn, REGISTRY_DOMAINS } from '../src/aws-partitions.ts';
import { PRIVATE_ECR_HOSTS } from '../testing/ecr-hosts.ts';

t.test('each domain of the table has a host among the cases that everything must agree on', (t) => {
  for (const domain of REGISTRY_DOMAINS) {
    const partitions = new Set<string | undefined>(partitionsIn(domain).map(({ name }) => name));
    const cases = PRIVATE_ECR_HOSTS.filter(({ host, region }) => host.endsWith(`${region}.${domain}`));
    t.ok(cases.length > 0, domain);
    for (const { region } of cases) t.ok(partitions.has(partitionOf(region)), region);
  }
  t.end();
});

t.test('a region is in the partition that its name begins with, else in the commercial one', (t) => {
  t.equal(partitionOf('us-east-1'), 'aws');
  t.equal(partitionOf('us-gov-west-1'), 'aws-us-gov');
  t.equal(partitionOf('us-iso-east-1'), 'aws-iso');
  t.equal(partitionOf('us-isob-east-1'), 'aws-iso-b');
  t.end();
});
