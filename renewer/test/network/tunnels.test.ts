import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:https';
import { getCACertificates, setDefaultCACertificates, TLSSocket } from 'node:tls';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import {
  type ConnectProxy,
  type ConnectProxyOptions,
  startConnectProxy,
} from '@ecr-pull-secrets/shared/testing/connect-proxy.ts';
import t, { type Test } from 'tap';
import { createApiServerDispatcher } from '@ecr-pull-secrets/kube/dispatcher.ts';
import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { type AwsTimeouts, createAwsRequestHandler } from '../../src/network/aws-request-handler.ts';
import { withBoundRequests } from '../../src/network/bound-requests.ts';
import { createProxyRule, type ProxySettings } from '@ecr-pull-secrets/kube/network/proxy-rule.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

// Characters that a URL must escape, and that only come out right when decoded again.
const credentials = { username: 'me@corp', password: 'pa:ss/w%rd' };

/** Names that no resolver knows: only the proxy can bring a request there. */
const API_SERVER = 'api-server.invalid';
const ECR = 'ecr.invalid';

const ca = await createCa({ commonName: 'test', now: new Date() });
const { certificatePem, privateKeyPem } = await createServingCertificate(ca, {
  serviceName: 'proxied',
  namespace: 'test',
  now: new Date(),
  extraDnsNames: [API_SERVER, ECR],
});

/** A TLS server that prefers HTTP/2 and requests client certificates. */
async function startTlsServer(t: Test, listener: RequestListener) {
  const handshakes: TLSSocket[] = [];
  const tls = { key: privateKeyPem, cert: certificatePem, ALPNProtocols: ['h2', 'http/1.1'] };
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, listener);
  server.on('secureConnection', (socket) => handshakes.push(socket));
  return { port: await listen(t, server), handshakes };
}

async function listen(t: Test, server: Server): Promise<number> {
  const port = await listenOnLoopback(server);
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return port;
}

async function startProxy(t: Test, options: ConnectProxyOptions): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(options);
  t.teardown(() => proxy.close());
  return proxy;
}

/** Answers as ECR does. */
const answerToken: RequestListener = (request, response) => {
  request.resume().on('end', () => {
    const authorizationToken = Buffer.from('AWS:secret').toString('base64');
    response.end(JSON.stringify({ authorizationData: [{ authorizationToken }] }));
  });
};

interface Asking {
  readonly endpoint?: string;
  readonly timeouts?: AwsTimeouts;
}

/** An SDK client on our handler; one attempt, no retry. */
function createAsk(t: Test, settings: ProxySettings, { endpoint, timeouts }: Asking = {}) {
  const client = new ECRClient({
    endpoint: endpoint ?? `https://${ECR}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'key' },
    maxAttempts: 1,
    requestHandler: createAwsRequestHandler(settings, timeouts),
  });
  t.teardown(() => client.destroy());
  return () => client.send(new GetAuthorizationTokenCommand({}));
}

function createClient(
  t: Test,
  settings: ProxySettings,
  tls: { readonly cert?: string; readonly key?: string } = {},
): KubeClient {
  const client = createKubeClient({
    credentials: async () => ({
      server: `https://${API_SERVER}`,
      authorization: 'Bearer token',
      tls: { ca: ca.certificatePem, ...tls },
    }),
    userAgent: 'test',
    proxyRule: createProxyRule(settings),
  });
  t.teardown(() => client.close());
  return client;
}

function readApi(client: KubeClient): Promise<unknown> {
  return client.request({ method: 'GET', path: '/api' });
}

/** Fails if an error, formatted as in a log, contains the proxy's password in any form. */
function holdsNoCredentials(t: Test, error: unknown): void {
  let logged = '';
  const destination = { write: (line: string) => void (logged += line) };
  createLogger({ level: 'info', format: 'json', name: 'test', destination }).info({ err: error });
  t.not(logged, '');
  const { username, password } = credentials;
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  for (const secret of [password, encodeURIComponent(password), basic, 'wrong']) {
    t.notMatch(logged + describeError(error), secret);
  }
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

t.test('AWS is called through one tunnel that is used again', async (t) => {
  setDefaultCACertificates([...getCACertificates('default'), ca.certificatePem]);
  const target = await startTlsServer(t, answerToken);
  const proxy = await startProxy(t, { routes: { [`${ECR}:443`]: target.port }, credentials });
  const ask = createAsk(t, { httpsProxy: proxy.url });
  for (let call = 0; call < 5; call++) {
    const limit = new AbortController();
    const { authorizationData } = await withBoundRequests(limit.signal, ask);
    t.ok(authorizationData?.[0]?.authorizationToken);
    // The time of a request that is over ends none of its connections.
    limit.abort();
  }
  t.same(proxy.requests, [{ method: 'CONNECT', target: `${ECR}:443`, status: 200 }]);
  t.equal(target.handshakes.length, 1);
});

t.test('a custom endpoint of AWS without TLS takes HTTP_PROXY', async (t) => {
  const port = await listen(t, createPlainServer(answerToken));
  const proxy = await startProxy(t, { routes: { [`${ECR}:8080`]: port }, credentials });
  const ask = createAsk(
    t,
    { httpProxy: proxy.url, httpsProxy: 'http://127.0.0.1:1' },
    { endpoint: `http://${ECR}:8080` },
  );
  t.ok((await ask()).authorizationData);
  t.same(proxy.requests, [{ method: 'POST', target: `http://${ECR}:8080/`, status: 200 }]);
});

t.test('what NO_PROXY names, and this machine, is reached without the proxy', async (t) => {
  const port = await listen(t, createPlainServer(answerToken));
  const proxy = await startProxy(t, { routes: {} });
  const settings = { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: `.invalid` };
  const here = createAsk(t, settings, { endpoint: `http://127.0.0.1:${port}` });
  t.ok((await here()).authorizationData);
  t.match(await errorOf(createAsk(t, settings)()), { syscall: 'getaddrinfo' });
  t.match(await errorOf(readApi(createClient(t, settings))), { cause: { syscall: 'getaddrinfo' } });
  t.same(proxy.requests, []);
});

t.test('the API server is reached through tunnels that are used again', async (t) => {
  const target = await startTlsServer(t, (_, response) => response.end('{"kind":"Status"}'));
  const routes = { [`${API_SERVER}:443`]: target.port };
  const proxy = await startProxy(t, { routes, credentials });
  const client = createClient(t, { httpsProxy: proxy.url });
  const get = () => readApi(client);
  for (let call = 0; call < 10; call++) t.same(await get(), { kind: 'Status' });
  // undici's pool opens a second one while the first hands its answer over; directly too.
  t.ok(proxy.requests.length <= 2, `${proxy.requests.length} tunnels for ten requests`);
  t.match(proxy.requests[0], { method: 'CONNECT', target: `${API_SERVER}:443`, status: 200 });
  t.equal(target.handshakes.length, proxy.requests.length);
  t.equal(target.handshakes[0]?.alpnProtocol, 'http/1.1', 'although the server prefers HTTP/2');

  await Promise.all(Array.from({ length: 100 }, get));
  t.ok(target.handshakes.length <= 64, `${target.handshakes.length} connections at most 64`);
});

t.test('a client certificate goes through the tunnel', async (t) => {
  const target = await startTlsServer(t, ({ socket }, response) => {
    const subject = socket instanceof TLSSocket ? socket.getPeerCertificate().subject : undefined;
    response.end(JSON.stringify(subject ?? null));
  });
  const proxy = await startProxy(t, { routes: { [`${API_SERVER}:443`]: target.port } });
  const own = { cert: certificatePem, key: privateKeyPem };
  t.match(await readApi(createClient(t, { httpsProxy: proxy.url }, own)), { CN: /proxied/ });
  t.same(await readApi(createClient(t, { httpsProxy: proxy.url })), null, 'and is not there without one');
});

t.test('the API server’s certificate is checked behind a proxy as well', async (t) => {
  const target = await startTlsServer(t, (_, response) => response.end('{}'));
  const proxy = await startProxy(t, { routes: { [`${API_SERVER}:443`]: target.port } });
  const stranger = await createCa({ commonName: 'other', now: new Date() });
  const request = { method: 'GET', origin: `https://${API_SERVER}`, path: '/' } as const;
  const dispatcher = createApiServerDispatcher({ ca: stranger.certificatePem }, proxy.url);
  t.teardown(() => dispatcher.destroy());
  const error = await errorOf(dispatcher.request(request));
  t.match(error, { code: /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)$/ });
});

t.test('no error contains a proxy’s credentials', async (t) => {
  const proxy = await startProxy(t, { routes: {}, credentials });
  const refusing = await startConnectProxy({ routes: {}, credentials });
  await refusing.close();
  const wrong = new URL(proxy.url);
  wrong.password = 'wrong';
  const cases: readonly (readonly [url: string, aws: RegExp, apiServer: RegExp])[] = [
    [wrong.href, /: HTTP\/1.1 407 /, /Proxy response \(407\)/],
    [proxy.anonymousUrl, /: HTTP\/1.1 407 /, /Proxy response \(407\)/],
    [proxy.url, /: HTTP\/1.1 502 /, /Proxy response \(502\)/],
    [refusing.url, /ECONNREFUSED/, /ECONNREFUSED/],
  ];
  for (const [url, aws, apiServer] of cases) {
    const client = createClient(t, { httpsProxy: url });
    const errors = [
      [await errorOf(createAsk(t, { httpsProxy: url })()), aws],
      [await errorOf(readApi(client)), apiServer],
    ] as const;
    for (const [error, problem] of errors) {
      t.match(describeError(error), problem);
      holdsNoCredentials(t, error);
    }
  }
});

t.test('a proxy that does not answer is given up', { timeout: 20_000 }, async (t) => {
  const proxy = await startProxy(t, { routes: {}, credentials, isSilent: true });
  const httpsProxy = proxy.url;
  const timeouts = { connectionTimeout: 200, requestTimeout: 5_000 };
  const aws = await errorOf(createAsk(t, { httpsProxy }, { timeouts })());
  t.match(aws, { name: 'TimeoutError', message: /did not establish a connection/ });

  const dispatcher = createApiServerDispatcher({}, httpsProxy, 200);
  t.teardown(() => dispatcher.destroy());
  const request = { method: 'GET', origin: `https://${API_SERVER}`, path: '/' } as const;
  const apiServer = await errorOf(dispatcher.request(request));
  t.match(apiServer, { code: 'UND_ERR_HEADERS_TIMEOUT' });
  t.equal(proxy.requests.length, 2);
  for (const error of [aws, apiServer]) holdsNoCredentials(t, error);
});
