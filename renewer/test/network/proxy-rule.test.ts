import t from 'tap';
import { readRenewerConfiguration } from '../../src/config/configuration.ts';
import { parseNoProxy } from '@ecr-pull-secrets/kube/network/no-proxy.ts';
import { createProxyRule, parseProxyUrl } from '@ecr-pull-secrets/kube/network/proxy-rule.ts';

const required = { POD_NAME: 'p-0', POD_NAMESPACE: 'ecr-pull-secrets' };

t.test('NO_PROXY means what it means to kubectl', (t) => {
  const cases: readonly (readonly [noProxy: string, inside: string[], outside: string[]])[] = [
    ['example.com', ['example.com:1', 'a.b.EXAMPLE.com:1', 'example.com.:1'], ['notexample.com:1']],
    ['.example.com', ['a.example.com:1'], ['example.com:1']],
    ['*.example.com', ['a.example.com:1'], ['example.com:1']],
    ['example.com:443', ['a.example.com:443'], ['a.example.com:444']],
    ['10.96.0.0/12', ['10.96.0.1:443', '10.111.255.255:1'], ['10.112.0.0:443', 'ten.example:443']],
    ['10.0.0.1', ['10.0.0.1:1', '::ffff:10.0.0.1:1'], ['10.0.0.10:1']],
    ['10.0.0.1:6443', ['10.0.0.1:6443'], ['10.0.0.1:443']],
    ['fd00::/8, 2001:db8::1', ['fd12::1:1', '2001:DB8:0::1:1'], ['2001:db8::2:1']],
    ['[2001:db8::1]:6443', ['2001:db8::1:6443'], ['2001:db8::1:443']],
    [' , a.example ,b.example', ['a.example:1', 'b.example:1'], ['c.example:1']],
    ['c.example,*', ['anything.example:1', '1.2.3.4:1'], []],
    ['10.0.0.0/33,:443,/8,svc.*', [], ['10.0.0.1:443', 'svc.a:443']],
    ['', [], ['a.example:1']],
  ];
  for (const [noProxy, inside, outside] of cases) {
    const isExcluded = parseNoProxy(noProxy);
    const check = (destination: string) => {
      const colon = destination.lastIndexOf(':');
      const port = Number(destination.slice(colon + 1));
      return isExcluded({ host: destination.slice(0, colon), port });
    };
    for (const host of inside) t.ok(check(host), `${noProxy} holds ${host}`);
    for (const host of outside) t.notOk(check(host), `${noProxy} does not hold ${host}`);
  }
  t.end();
});

t.test('the scheme chooses the proxy; metadata services and this machine take none', (t) => {
  const ruleOf = createProxyRule({
    httpsProxy: 'http://s',
    httpProxy: 'http://p',
    noProxy: '10.0.0.0/8,a.example:443',
  });
  t.equal(ruleOf(new URL('https://ecr.example')), 'http://s');
  t.equal(ruleOf(new URL('http://ecr.example')), 'http://p');
  t.equal(ruleOf(new URL('https://[2001:db8::1]')), 'http://s');
  for (const address of [
    'https://10.96.0.1',
    'https://a.example',
    'https://localhost:6443',
    'https://127.0.0.1:6443',
    'https://[::1]:6443',
    'http://169.254.169.254',
    'http://169.254.170.2',
    'http://169.254.170.23',
    'http://[fd00:ec2::254]',
    'http://[fd00:ec2::23]',
  ]) {
    t.equal(ruleOf(new URL(address)), undefined, address);
  }
  const onlyHttp = createProxyRule({ httpProxy: 'http://p' });
  t.equal(onlyHttp(new URL('https://ecr.example')), undefined, 'HTTP_PROXY is not for https');
  t.end();
});

t.test('the variables are read in both spellings, upper case first', (t) => {
  const lower = { https_proxy: 'http://l', http_proxy: 'proxy.example:3128', no_proxy: 'l' };
  t.same(readRenewerConfiguration({ ...required, ...lower }).proxies, {
    httpsProxy: 'http://l/',
    httpProxy: 'http://proxy.example:3128/',
    noProxy: 'l',
  });
  const upper = { HTTPS_PROXY: 'https://u', HTTP_PROXY: 'http://u', NO_PROXY: 'u' };
  t.same(readRenewerConfiguration({ ...required, ...lower, ...upper }).proxies, {
    httpsProxy: 'https://u/',
    httpProxy: 'http://u/',
    noProxy: 'u',
  });
  t.end();
});

t.test('a wrong proxy URL is named by its variable and never quoted', (t) => {
  const wrong: Readonly<Record<string, RegExp>> = {
    'http://me:hunter2@proxy:port': /^is not a URL/,
    'me:hunter2@': /^is not a URL/,
    'socks5://me:hunter2@proxy:1080': /^is neither an http nor an https URL/,
    'http://me:hunter2%@proxy': /^has a "%" in its credentials/,
  };
  for (const [value, problem] of Object.entries(wrong)) {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
      const read = () => readRenewerConfiguration({ ...required, [name]: value });
      t.throws(read, { code: 'ECRPS_CONFIGURATION_INVALID', message: new RegExp(`^${name}: `) });
      t.throws(read, { message: /; for example / });
      t.throws(read, { message: /^(?!.*hunter2)/s }, 'without the password');
    }
    t.throws(() => parseProxyUrl(value), { message: problem });
  }
  t.end();
});

t.test('the configuration that is logged at the start says nothing of proxies', (t) => {
  const HTTPS_PROXY = 'http://me:hunter2@proxy.example';
  const { summary, proxies } = readRenewerConfiguration({ ...required, HTTPS_PROXY });
  t.match(proxies.httpsProxy, 'hunter2');
  t.notMatch(JSON.stringify(summary), 'hunter2');
  t.end();
});
