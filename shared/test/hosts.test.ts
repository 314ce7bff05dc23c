import t from 'tap';
import { parseEcrHost } from '../src/ecr-host.ts';
import { registryOf, withoutPort } from '../src/image-reference.ts';
import { OTHER_HOSTS, PRIVATE_ECR_HOSTS } from '../testing/ecr-hosts.ts';

t.test('private ECR hosts of every partition are recognised', (t) => {
  for (const { host, ...expected } of PRIVATE_ECR_HOSTS) {
    t.match(parseEcrHost(host), expected, host);
  }
  t.end();
});

t.test('hosts that only look like ECR are refused', (t) => {
  for (const host of OTHER_HOSTS) t.equal(parseEcrHost(host), undefined, host);
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
