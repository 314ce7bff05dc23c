import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import t from 'tap';
import { readWebhookConfiguration } from '../src/configuration.ts';

t.test('the configuration has the documented defaults, and is frozen', (t) => {
  const configuration = readWebhookConfiguration({ REGISTRY_HOSTS: '', DRAIN_SECONDS: '' });
  t.strictSame(configuration, {
    host: '::',
    port: 10250,
    opsPort: 9402,
    tlsDir: '/run/ecr-pull-secrets/tls',
    factsDirectory: '/run/ecr-pull-secrets/tls',
    serverName: undefined,
    pullSecretName: 'ecr-pull-secret',
    registryHosts: [],
    injectAll: false,
    drainMs: 15_000,
    logLevel: 'info',
    logFormat: 'json',
  });
  t.ok(Object.isFrozen(configuration));
  t.match(
    readWebhookConfiguration({
      REGISTRY_HOSTS: 'Proxy.example.com:5000, public.ecr.aws',
      INJECT_ALL: 'true',
      DRAIN_SECONDS: '0',
    }),
    { registryHosts: ['proxy.example.com:5000', 'public.ecr.aws'], injectAll: true, drainMs: 0 },
  );
  t.end();
});

t.test('an error names each invalid variable, its problem and an example', (t) => {
  const wrong: Readonly<Record<string, readonly [value: string, problem: string]>> = {
    PORT: ['0', 'is not a port from 1 to 65535; for example PORT=10250'],
    OPS_PORT: ['http', 'is not a port'],
    DOCKER_SECRET_NAME: ['My_Secret', 'is not a Kubernetes object name'],
    REGISTRY_HOSTS: [
      'https://proxy.example.com',
      '"https://proxy.example.com" is not a registry host (host or host:port, no scheme, no path); for example REGISTRY_HOSTS=registry.example.com',
    ],
    INJECT_ALL: ['yes', 'is neither true nor false; for example INJECT_ALL=true'],
    DRAIN_SECONDS: ['15s', 'is not a number of seconds from 0 to 3600; for example'],
    LOG_LEVEL: ['loud', 'is not one of trace, debug'],
  };
  for (const [name, [value, problem]] of Object.entries(wrong)) {
    const error = thrownBy(() => readWebhookConfiguration({ [name]: value }));
    t.ok(isCodedError(error, 'ECRPS_CONFIGURATION_INVALID'), name);
    t.match(error, { message: `${name}=${JSON.stringify(value)}: ` });
    t.match(error, { message: problem });
  }
  const both = thrownBy(() => readWebhookConfiguration({ PORT: 'x', INJECT_ALL: 'x' }));
  t.match(both, { message: /PORT=[^]*INJECT_ALL=/ }, 'all of them in one error');
  t.end();
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
