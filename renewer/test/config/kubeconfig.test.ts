import { chmod } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { startConnectProxy } from '@ecr-pull-secrets/shared/testing/connect-proxy.ts';
import { startSocks5Proxy } from '@ecr-pull-secrets/shared/testing/socks5-proxy.ts';
import t, { type Test } from 'tap';
import { readRenewerConfiguration } from '../../src/config/configuration.ts';
import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { type CredentialSource, fileCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import { createProxyRule } from '@ecr-pull-secrets/kube/network/proxy-rule.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** A name that no resolver has: only the proxy can bring a request there. */
const API_SERVER = 'api-server.invalid';

interface Parts {
  readonly cluster?: object | null;
  readonly user?: object | null;
  readonly context?: object;
  readonly current?: string;
}

/** A kubeconfig with one entry of each kind, all of one name. */
function kubeconfig(name: string, { cluster, user, context, current = name }: Parts): string {
  return JSON.stringify({
    ...(cluster === null ? {} : { clusters: [{ name, cluster }] }),
    ...(user === null ? {} : { users: [{ name, user }] }),
    contexts: [{ name, context: context ?? { cluster: name, user: name } }],
    'current-context': current,
  });
}

function createClient(t: Test, credentials: CredentialSource, proxy?: string): KubeClient {
  const proxyRule = createProxyRule({ httpsProxy: proxy, httpProxy: proxy });
  const client = createKubeClient({ credentials, userAgent: 'test', proxyRule });
  t.teardown(() => client.close());
  return client;
}

async function listen(t: Test, server: Server): Promise<number> {
  const port = await listenOnLoopback(server);
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return port;
}

/** An API server that answers with the path and the Authorization header of each request. */
async function startEcho(t: Test): Promise<number> {
  return listen(
    t,
    createServer(({ url, headers: { authorization } }, response) =>
      response.end(JSON.stringify({ url, authorization })),
    ),
  );
}

function apiServerWith(KUBECONFIG: string) {
  return readRenewerConfiguration({ POD_NAME: 'p', POD_NAMESPACE: 'n', KUBECONFIG }).apiServer;
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return describeError(error);
  }
  throw new Error('nothing was thrown');
}

t.test('the path of a server comes before that of each request', async (t) => {
  const port = await startEcho(t);
  const urlsWith = async (path: string) => {
    const cluster = { server: `http://127.0.0.1:${port}${path}` };
    const file = join(t.testdir({ config: kubeconfig('a', { cluster, user: {} }) }), 'config');
    const request = { method: 'GET', path: '/api/v1/pods', query: { limit: 1 } } as const;
    const client = createClient(t, fileCredentials(file));
    const streamed: Uint8Array[] = [];
    for await (const piece of await client.stream(request)) streamed.push(piece);
    return [await client.request(request), JSON.parse(Buffer.concat(streamed).toString())];
  };
  const rancher = '/k8s/clusters/c-abc12';
  const cases: Readonly<Record<string, string>> = {
    '': '',
    '/': '',
    [rancher]: rancher,
    [`${rancher}/`]: rancher,
    [`${rancher}//`]: rancher,
    '/a%2Fb': '/a%2Fb',
    [`${rancher}?x=1#y`]: rancher,
  };
  for (const [path, expected] of Object.entries(cases)) {
    const url = `${expected}/api/v1/pods?limit=1`;
    t.same(await urlsWith(path), [{ url }, { url }], path);
  }
});

t.test('of several files the first one wins, and those that are missing or empty do not count', async (t) => {
  const port = await startEcho(t);
  const server = `http://127.0.0.1:${port}`;
  const folder = t.testdir({
    empty: '# nothing yet\n',
    first: {
      token: 'from-file\n',
      // Neither the user nor the cluster is here, and an entry that is not complete does no harm.
      config: JSON.stringify({
        'current-context': 'dev',
        clusters: [{ name: 'broken', cluster: {} }],
        contexts: [{ name: 'dev', context: { cluster: 'dev', user: 'dev' } }],
      }),
    },
    second: {
      token: 'second\n',
      config: kubeconfig('dev', {
        cluster: { server },
        user: { tokenFile: 'token' },
        current: 'x',
      }),
    },
    third: kubeconfig('dev', {
      cluster: { server: 'http://other.invalid' },
      user: { token: 'third' },
    }),
  });
  const paths = ['absent', 'empty', 'first/config', 'second/config', 'third'];
  const files = paths.map((path) => join(folder, path));
  const client = createClient(t, fileCredentials(...files));
  t.match(await client.request({ method: 'GET', path: '/api' }), {
    authorization: 'Bearer second',
  });
});

t.test('KUBECONFIG is a list', (t) => {
  t.same(apiServerWith('/a:/b'), { kubeconfigs: ['/a', '/b'] });
  t.same(apiServerWith(':/a::/b:/a:'), { kubeconfigs: ['/a', '/b'] });
  t.throws(() => apiServerWith(':'), {
    message: /^KUBECONFIG=":": names no file; for example KUBECONFIG=/,
  });
  t.end();
});

t.test('a plugin’s path starts at the folder of its file', async (t) => {
  const port = await startEcho(t);
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };
  const answer = JSON.stringify({ ...credential, status: { token: 'of-plugin' } });
  const exec = { apiVersion: credential.apiVersion, command: 'bin/plugin', args: null };
  const folder = t.testdir({
    config: kubeconfig('a', { cluster: { server: `http://127.0.0.1:${port}` }, user: { exec } }),
    bin: { plugin: `#!/bin/sh\necho '${answer}'\n` },
  });
  await chmod(join(folder, 'bin/plugin'), 0o755);
  const client = createClient(t, fileCredentials(join(folder, 'config')));
  t.match(await client.request({ method: 'GET', path: '/api' }), {
    authorization: 'Bearer of-plugin',
  });
});

t.test('what a kubeconfig lacks or cannot have is named, with an example', (t) => {
  const cluster = { server: 'https://127.0.0.1' };
  const cases: readonly (readonly [string, RegExp])[] = [
    [kubeconfig('a', { cluster, user: {}, current: '' }), /has no current-context/],
    [kubeconfig('a', { cluster, user: {}, current: 'b' }), /has no context "b"/],
    [kubeconfig('a', { cluster: {}, user: {} }), /has no cluster "a" with a server/],
    [kubeconfig('a', { cluster, user: null }), /has no user "a"/],
    [kubeconfig('a', { cluster, user: { as: 'root' } }), /user "a" has as: "root".*not supported/],
    [kubeconfig('a', { cluster: { server: 'ftp://a' }, user: {} }), /has server: "ftp:\/\/a", which is not/],
    [kubeconfig('a', { cluster: { server: 'https://' }, user: {} }), /has server: "https:\/*", which is not/],
    ['token: secret: x', /config: is not a kubeconfig/],
    ['- secret', /config: is not a kubeconfig/],
    ...['socks4://me:secret@h', 'me:secret@proxy:3128', 'http://', 'ftp://me:secret@h', 'socks5://me:secret%@h'].map(
      (url) =>
        [
          kubeconfig('a', { cluster: { ...cluster, 'proxy-url': url }, user: {} }),
          /cluster "a": proxy-url (is not an http, https or socks5 URL|is not a URL|has a "%")/,
        ] as const,
    ),
  ];
  for (const [text, problem] of cases) {
    const file = join(t.testdir({ config: text }), 'config');
    const message = messageOf(() => fileCredentials(file));
    t.match(message, problem, text);
    t.match(message, /; for example (KUBECONFIG=|server: |proxy-url: )/);
    t.notMatch(message, 'secret');
  }
  t.match(
    messageOf(() => fileCredentials('/no/a', '/no/b')),
    'there is no kubeconfig at /no/a, /no/b',
  );
  t.match(
    messageOf(() => fileCredentials(t.testdir())),
    /reading the kubeconfig .*EISDIR/,
  );
  t.end();
});

t.test('a context without a user is anonymous, and a server without a scheme has TLS', async (t) => {
  const context = { cluster: 'a' };
  const config = kubeconfig('a', {
    cluster: { server: 'api.example:6443' },
    user: null,
    context,
  });
  const credentials = await fileCredentials(join(t.testdir({ config }), 'config'))();
  t.match(credentials, { server: 'https://api.example:6443', authorization: undefined });
});

t.test('proxy-url is taken whatever the environment says, by http and by socks5', async (t) => {
  const ca = await createCa({ commonName: 'test', now: new Date() });
  const { certificatePem: cert, privateKeyPem: key } = await createServingCertificate(ca, {
    serviceName: 'api',
    namespace: 'test',
    now: new Date(),
    extraDnsNames: [API_SERVER],
  });
  const port = await listen(
    t,
    createTlsServer({ cert, key }, (_, response) => response.end('{}')),
  );
  const target = `${API_SERVER}:6443`;
  const http = await startConnectProxy({
    routes: { [target]: port },
    credentials: { username: 'a', password: 'b' },
  });
  t.teardown(() => http.close());
  const socks5 = await startSocks5Proxy({ [target]: port });
  t.teardown(() => socks5.close());
  const get = (proxyUrl: string) => {
    const caData = Buffer.from(ca.certificatePem).toString('base64');
    const server = `https://${target}/k8s/clusters/c-1`;
    const cluster = { server, 'certificate-authority-data': caData, 'proxy-url': proxyUrl };
    const file = join(t.testdir({ config: kubeconfig('a', { cluster, user: {} }) }), 'config');
    // What the environment names is no proxy at all.
    const client = createClient(t, fileCredentials(file), 'http://127.0.0.1:1');
    return client.request({ method: 'GET', path: '/api' });
  };
  t.same(await get(http.url), {});
  t.match(http.requests, [{ method: 'CONNECT', target, status: 200 }]);
  t.same(await get(socks5.url.replace('socks5', 'SOCKS5')), {});
  t.same(socks5.requests, [target]);
  await t.rejects(get(socks5.url.replace('secret', 'wrong')), {
    code: 'ECRPS_KUBERNETES_UNREACHABLE',
  });
});
