import t from 'tap';
import { registryOf, withoutPort } from '../src/image-reference.ts';

t.test('the registry of an image is its first segment if that is a host', (t) => {
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
    '123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app@sha256:00': '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com/public.ecr.aws/foo': '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    'public.ecr.aws/123456789012.dkr.ecr.us-east-1.amazonaws.com/foo': 'public.ecr.aws',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com': 'docker.io',
    '': 'docker.io',
  };
  for (const [image, registry] of Object.entries(images)) t.equal(registryOf(image), registry, image);
  t.end();
});

t.test('the port is removed from a host, and brackets stay', (t) => {
  t.equal(withoutPort('registry:5000'), 'registry');
  t.equal(withoutPort('[::1]:5000'), '[::1]');
  t.equal(withoutPort('registry'), 'registry');
  t.end();
});
