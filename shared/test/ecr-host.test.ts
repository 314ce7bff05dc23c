import t from 'tap';
import { parseEcrHost } from '../src/ecr-host.ts';
import { OTHER_HOSTS, PRIVATE_ECR_HOSTS } from '../testing/ecr-hosts.ts';

t.test('private ECR hosts of every partition are recognised', (t) => {
  for (const { host, ...expected } of PRIVATE_ECR_HOSTS) {
    t.match(parseEcrHost(host), expected, host);
  }
  t.end();
});

t.test('hosts that resemble private ECR hosts are not recognised', (t) => {
  for (const host of OTHER_HOSTS) t.equal(parseEcrHost(host), undefined, host);
  t.end();
});
