import type { HttpsRequest, HttpsResponse } from '@ecr-pull-secrets/kube/network/https-get.ts';
import t from 'tap';
import { createRegistryLogin } from '../../../src/credentials/canary/registry-login.ts';
import { EAST, registryToken } from '../../support/registry-tokens.ts';

const ECR_CHALLENGE = `Basic realm="https://${EAST}/",service="ecr.amazonaws.com"`;

const NONE: HttpsResponse = { status: 200, location: undefined, challenge: '', body: Buffer.alloc(0) };

async function logIn(host: string, answer: Partial<HttpsResponse> | Error) {
  const requests: HttpsRequest[] = [];
  const get = async (request: HttpsRequest): Promise<HttpsResponse> => {
    requests.push(request);
    if (answer instanceof Error) throw answer;
    return { ...NONE, ...answer };
  };
  const result = await createRegistryLogin({ get }, new AbortController().signal)(host, registryToken());
  return { result, requests };
}

t.test('only a 401 with the challenge of ECR is a refusal', async (t) => {
  const portal = new URL('https://portal.example.com/');
  const cases: readonly (readonly [expected: string, answer: Partial<HttpsResponse> | Error])[] = [
    ['accepted', { status: 200 }],
    ['refused', { status: 401, challenge: ECR_CHALLENGE }],
    ['refused', { status: 401, challenge: ECR_CHALLENGE.replace(',', ', ') }],
    ['unknown', { status: 401 }],
    ['unknown', { status: 401, challenge: 'Basic realm="proxy"' }],
    ['unknown', { status: 401, challenge: 'Basic realm="a",service="ecr.amazonaws.com.example"' }],
    ['unknown', { status: 401, challenge: 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws"' }],
    ['unknown', { status: 400, challenge: ECR_CHALLENGE }],
    ['unknown', { status: 403, challenge: ECR_CHALLENGE }],
    ['unknown', { status: 407, challenge: ECR_CHALLENGE }],
    ['unknown', { status: 302, location: portal }],
    ['unknown', { status: 429 }],
    ['unknown', { status: 503 }],
    ['unknown', new Error('no response within 5000 ms')],
    ['unknown', new Error('self-signed certificate in certificate chain')],
  ];
  for (const [expected, answer] of cases) {
    const { result } = await logIn(EAST, answer);
    t.equal(result, expected, answer instanceof Error ? answer.message : `${answer.status} ${answer.challenge ?? ''}`);
  }
});

t.test('the token goes to /v2/ of the host by HTTPS, and to nothing else', async (t) => {
  const { requests } = await logIn(`${EAST}:8443`, {});
  t.match(requests, [
    {
      url: new URL(`https://${EAST}:8443/v2/`),
      headers: { authorization: `Basic ${Buffer.from('AWS:pass:word').toString('base64')}` },
    },
  ]);
  for (const host of [`${EAST}@evil.example`, `${EAST}\\evil.example`, `${EAST}/x`, `${EAST}:99999`, '', '[::1]']) {
    const { result, requests: none } = await logIn(host, {});
    t.equal(result, 'unknown', host);
    t.same(none, [], host);
  }
});

t.test('a stop does not wait for a registry', async (t) => {
  const stop = new AbortController();
  const login = createRegistryLogin({ get: () => new Promise(() => {}) }, stop.signal);
  const result = login(EAST, registryToken());
  stop.abort();
  t.equal(await result, 'unknown');
});
