import t from 'tap';
import { readRenewOnceConfiguration } from '../../../src/commands/renew-once/configuration.ts';

const required = { DOCKER_SECRET_NAME: 'pull', HOME: '/home/me' };

t.test('the variables and defaults are those of the old tool', (t) => {
  const targets = (environment: object): readonly string[] =>
    readRenewOnceConfiguration({ ...required, ...environment }).target.entries;
  t.same(targets({}), ['default']);
  t.same(targets({ TARGET_NAMESPACE: '' }), ['default']);
  t.same(targets({ TARGET_NAMESPACE: ' ' }), [], 'blanks are a value');
  t.same(targets({ TARGET_NAMESPACE: ',;\n' }), []);
  t.same(targets({ TARGET_NAMESPACE: ' a, b\t;c\r\nd?\n' }), ['a', 'b', 'c', 'd?']);
  t.throws(() => readRenewOnceConfiguration({ HOME: '/' }), {
    code: 'ECRPS_CONFIGURATION_INVALID',
    message: /^DOCKER_SECRET_NAME is not set; for example DOCKER_SECRET_NAME=/,
  });
  t.throws(() => targets({ TARGET_NAMESPACE: '[' }), { code: 'ECRPS_CONFIGURATION_INVALID' });
  t.match(
    readRenewOnceConfiguration({
      ...required,
      DOCKER_REGISTRIES: 'https://a.example/, b.example,',
    }),
    {
      registries: [{ host: 'https://a.example/' }, { host: 'b.example' }],
      apiServer: { kubeconfigs: ['/home/me/.kube/config'] },
    },
  );
  t.end();
});
