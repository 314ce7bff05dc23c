import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { type ConnectProxy, startConnectProxy } from '@ecr-pull-secrets/shared/testing/connect-proxy.ts';
import t, { type Test } from 'tap';
import { registryHost } from '@ecr-pull-secrets/testbed/ecr-stand-in/registry-host.ts';
import { type EcrStandIn, startEcrStandIn } from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import { createTokenIssuer } from '@ecr-pull-secrets/testbed/testing/aws.ts';

const ASK_ECR = fileURLToPath(new URL('fixtures/ask-ecr.ts', import.meta.url));
const ACCOUNT = '222222222222';
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/puller`;
const OTHER_ROLE_ARN = 'arn:aws:iam::333333333333:role/other';
const SUBJECT = 'system:serviceaccount:ecr-pull-secrets:ecr-pull-secrets';
const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const REGISTRY = `https://${registryHost(ACCOUNT, 'eu-west-1')}`;
const OTHER_REGISTRY = `https://${registryHost('333333333333', 'eu-west-1')}`;
/** No resolver has it: only the proxy can bring a request there. */
const AWS_HOST = 'aws.invalid';

const issuer = createTokenIssuer('rsa');
const trust = { issuer: ISSUER, keys: [issuer.jwk], subject: SUBJECT };

function serviceAccountToken(audience: string): string {
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  return issuer.issue({ iss: ISSUER, sub: SUBJECT, aud: [audience], exp });
}

type Environment = Readonly<Record<string, string>>;

interface Network {
  readonly standIn: EcrStandIn;
  readonly proxy: ConnectProxy;
  /** The settings of a renewer in this network. */
  readonly environment: Environment;
  /** Its identity, in one way or the other. */
  readonly irsa: Environment;
  readonly podIdentity: Environment;
}

/** AWS behind a proxy that wants a password, and behind a certificate of a CA of one's own. */
async function startNetwork(t: Test): Promise<Network> {
  const now = new Date();
  const ca = await createCa({ commonName: 'corporate', now });
  const { certificatePem, privateKeyPem } = await createServingCertificate(ca, {
    serviceName: 'aws',
    namespace: 'test',
    now,
    extraDnsNames: [AWS_HOST],
  });
  const standIn = await startEcrStandIn({
    tls: { key: privateKeyPem, cert: certificatePem },
    roles: [
      { arn: ROLE_ARN, webIdentity: trust, podIdentity: trust },
      { arn: OTHER_ROLE_ARN, trustedPrincipals: [ROLE_ARN] },
    ],
  });
  t.teardown(() => standIn.close());
  const port = Number(new URL(standIn.secureEndpoint ?? '').port);
  const credentials = { username: 'renewer', password: 'hunter2' };
  const proxy = await startConnectProxy({ routes: { [`${AWS_HOST}:443`]: port }, credentials });
  t.teardown(() => proxy.close());
  const directory = t.testdir({
    'ca.pem': ca.certificatePem,
    'config.json': JSON.stringify({
      registries: [{ host: OTHER_REGISTRY, roleArn: OTHER_ROLE_ARN }],
    }),
    'irsa-token': serviceAccountToken('sts.amazonaws.com'),
    'pod-identity-token': serviceAccountToken('pods.eks.amazonaws.com'),
  });
  const environment = {
    POD_NAME: 'p-0',
    POD_NAMESPACE: 'ecr-pull-secrets',
    HOME: directory,
    AWS_REGION: 'eu-west-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: `https://${AWS_HOST}`,
    HTTPS_PROXY: proxy.url,
    NODE_EXTRA_CA_CERTS: `${directory}/ca.pem`,
  };
  const irsa = { AWS_ROLE_ARN: ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE: `${directory}/irsa-token` };
  const podIdentity = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${standIn.endpoint}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${directory}/pod-identity-token`,
  };
  return { standIn, proxy, environment, irsa, podIdentity };
}

/** Runs it in a process of its own, since Node reads NODE_EXTRA_CA_CERTS at its start. */
async function askEcr(env: Environment): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [ASK_ECR], {
    // Else each of the programs compiles the AWS SDK anew.
    env: { ...env, NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
  });
  return (stdout + stderr).trim();
}

t.test('behind a proxy and a private CA, STS and ECR are reached', async (t) => {
  const { standIn, proxy, environment, irsa } = await startNetwork(t);
  t.equal(await askEcr({ ...environment, ...irsa }), REGISTRY);
  t.match(standIn.calls, [
    { operation: 'AssumeRoleWithWebIdentity', outcome: 200 },
    { operation: 'GetAuthorizationToken', account: ACCOUNT, outcome: 200 },
  ]);
  t.ok(proxy.requests.length > 0);
  for (const request of proxy.requests) {
    t.same(request, { method: 'CONNECT', target: `${AWS_HOST}:443`, status: 200 });
  }
});

t.test('a role on top of IRSA is assumed through the proxy too', async (t) => {
  const { standIn, proxy, environment, irsa } = await startNetwork(t);
  const CONFIG_FILE = `${environment['HOME']}/config.json`;
  t.equal(await askEcr({ ...environment, ...irsa, CONFIG_FILE }), OTHER_REGISTRY);
  t.match(standIn.calls, [
    { operation: 'AssumeRoleWithWebIdentity', host: AWS_HOST },
    { operation: 'AssumeRole', host: AWS_HOST, roleArn: OTHER_ROLE_ARN },
    { operation: 'GetAuthorizationToken', host: AWS_HOST, outcome: 200 },
  ]);
  t.ok(proxy.requests.length > 0);
});

t.test('the credentials of EKS Pod Identity are not requested through the proxy', async (t) => {
  const { standIn, proxy, environment, podIdentity } = await startNetwork(t);
  const everything = { HTTP_PROXY: proxy.url, ...environment, ...podIdentity };
  t.equal(await askEcr(everything), REGISTRY);
  t.match(standIn.calls, [
    { operation: 'AssumeRoleForPodIdentity', outcome: 200 },
    { operation: 'GetAuthorizationToken', account: ACCOUNT, outcome: 200 },
  ]);
  t.equal(proxy.requests.length, 1, 'for ECR');
});

t.test('without its CA the endpoint is not trusted', async (t) => {
  const { standIn, environment, irsa } = await startNetwork(t);
  const output = await askEcr({ ...environment, ...irsa, NODE_EXTRA_CA_CERTS: '' });
  t.match(output, /certificate/);
  t.same(standIn.calls, []);
});

t.test('a wrong password is reported, and not which', async (t) => {
  const { standIn, proxy, environment, irsa } = await startNetwork(t);
  const HTTPS_PROXY = proxy.url.replace('hunter2', 'hunter3');
  const output = await askEcr({ ...environment, ...irsa, HTTPS_PROXY });
  t.match(output, /HTTP\/1.1 407 /);
  t.notMatch(output, 'hunter');
  t.same(standIn.calls, []);
});
