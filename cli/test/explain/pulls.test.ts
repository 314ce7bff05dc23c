import type { HttpsGetter, HttpsRequest, HttpsResponse } from '@ecr-pull-secrets/kube/network/https-get.ts';
import t from 'tap';
import { renderText } from '../../src/explain/finding.ts';
import { exitCodeOf } from '../../src/report/finding.ts';
import { referenceOf } from '../../src/pull-test/manifest.ts';
import { tryPull } from '../../src/pull-test/try-pull.ts';
import type { PullResult } from '../../src/pull-test/pull-outcome.ts';
import { pullFinding } from '../../src/explain/pulls.ts';
import { REGISTRY } from './support/world.ts';

const IMAGE = `${REGISTRY}/team/app:1`;
const RELEASE = { name: 'ecr', namespace: 'tools', helmName: 'ecr' };
const CONTEXT = { release: RELEASE, place: { kind: 'here' } } as const;
const BASIC = Buffer.from('AWS:hunter2').toString('base64');
const DIGEST = `sha256:${'a'.repeat(64)}`;
const MANIFEST = { config: { digest: DIGEST } };

type Replies = Readonly<
  Record<string, Partial<Omit<HttpsResponse, 'body' | 'location'>> & { body?: unknown; location?: string }>
>;

/** Answers by URL; whatever has no reply cannot be reached. */
function clientWith(replies: Replies): HttpsGetter & { readonly requests: HttpsRequest[] } {
  const requests: HttpsRequest[] = [];
  return {
    requests,
    get: async (request) => {
      requests.push(request);
      const reply = replies[request.url.href];
      if (!reply) throw new Error('getaddrinfo ENOTFOUND');
      const { status = 200, challenge = '', body = '', location } = reply;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return { status, challenge, body: Buffer.from(text), location: location ? new URL(location) : undefined };
    },
    close: async () => {},
  };
}

const manifestUrl = (reference: string) => `https://${REGISTRY}/v2/team/app/manifests/${reference}`;
const BLOB_URL = `https://${REGISTRY}/v2/team/app/blobs/${DIGEST}`;

t.test('an index, its image, and the config behind a redirect, which gets no credential', async (t) => {
  const other = `sha256:${'b'.repeat(64)}`;
  const platform = { os: 'linux', architecture: 'amd64' };
  const client = clientWith({
    [manifestUrl('1')]: { body: { manifests: [{ digest: other }, { digest: DIGEST, platform }] } },
    [manifestUrl(DIGEST)]: { body: MANIFEST },
    [BLOB_URL]: { status: 307, location: 'https://s3.example.com/x?signature=1' },
    'https://s3.example.com/x?signature=1': { status: 206 },
  });
  t.same(await tryPull(client, IMAGE, BASIC), { kind: 'pulls', hosts: [REGISTRY, 's3.example.com'] });
  for (const { url, headers } of client.requests) {
    t.equal(headers?.['authorization'], url.host === REGISTRY ? `Basic ${BASIC}` : undefined, url.host);
  }
});

t.test('a Bearer login happens at the registry itself, and nowhere else', async (t) => {
  const own = clientWith({
    [manifestUrl('1')]: { status: 401, challenge: bearerChallenge(REGISTRY) },
    [`https://${REGISTRY}/token/?service=s&scope=aws`]: { body: { token: 'bearer' } },
  });
  await tryPull(own, IMAGE, BASIC);
  t.match(
    own.requests.map(({ headers }) => headers?.['authorization']),
    [`Basic ${BASIC}`, `Basic ${BASIC}`, 'Bearer bearer'],
  );
  const elsewhere = clientWith({ [manifestUrl('1')]: { status: 401, challenge: bearerChallenge('evil.example.com') } });
  t.match(await tryPull(elsewhere, IMAGE, BASIC), { kind: 'refused', status: 401 });
  t.equal(elsewhere.requests.length, 1);
});

t.test('a host that a URL would read otherwise gets nothing', async (t) => {
  for (const host of [
    'evil\\x.dkr.ecr.us-east-1.amazonaws.com',
    'a@b.example.com',
    'b.example.com?x',
    'b.example.com#x',
  ]) {
    const client = clientWith({});
    t.match(await tryPull(client, `${host}/app:1`, BASIC), { kind: 'untried' }, host);
    t.equal(client.requests.length, 0);
  }
});

t.test('a refusal quotes its reason without credentials', async (t) => {
  const message = `no ${BASIC} and ${'x'.repeat(100)}\u001b[31m\nend`;
  const client = clientWith({ [manifestUrl('1')]: { status: 403, body: { errors: [{ message }] } } });
  t.match(await tryPull(client, IMAGE, BASIC), { reason: 'no [redacted] and [redacted] [31m end' });
  const s3 = clientWith({
    [manifestUrl('1')]: { body: MANIFEST },
    [BLOB_URL]: { status: 307, location: 'https://s3.example.com/x' },
    'https://s3.example.com/x': { status: 403, body: '<Error><Message>Access Denied</Message></Error>' },
  });
  t.match(await tryPull(s3, IMAGE, BASIC), { stage: 'layer', host: 's3.example.com', reason: 'Access Denied' });
});

t.test('redirects end, and what is no manifest is said', async (t) => {
  const circle = clientWith({
    [manifestUrl('1')]: { body: MANIFEST },
    [BLOB_URL]: { status: 307, location: BLOB_URL },
  });
  t.match(await tryPull(circle, IMAGE, BASIC), { kind: 'untried', reason: /more than 3/ });
  const portal = clientWith({ [manifestUrl('1')]: { body: '<html>' } });
  t.match(await tryPull(portal, IMAGE, BASIC), { kind: 'untried', reason: /no config/ });
  t.match(await tryPull(clientWith({}), IMAGE, BASIC), { kind: 'unreachable', stage: 'manifest', host: REGISTRY });
});

t.test('each result has a reason and a command', async (t) => {
  const rotate =
    'kubectl delete secret ecr-tokens --namespace tools && kubectl rollout restart deployment/ecr --namespace tools';
  t.match(refused(401), { state: 'problem', message: /does not log in/, command: rotate });
  t.match(refused(403, { reason: 'Your authorization token has expired.' }), { command: rotate });
  t.match(refused(403), { message: /lacks ecr:BatchGetImage/, command: /--repository-name team\/app$/ });
  t.match(refused(403, { stage: 'layer' }), { message: /lacks ecr:GetDownloadUrlForLayer/ });
  t.match(refused(403, { stage: 'layer', host: 's3.example.com' }), { message: /a policy of the network/ });
  t.match(refused(404), { message: /no such image/, command: /imageTag=1$/ });
  t.match(refused(503), { state: 'unknown' });
  t.match(refused(302), { state: 'problem', message: /the manifest cannot be read/ });
  t.match(unreachable('ENOTFOUND'), { state: 'unknown', message: /no connection from here/ });
  t.match(unreachable('unable to verify the first certificate'), { message: /is not trusted here/ });
});

t.test('the reference of an image, and commands that a shell takes as words', async (t) => {
  t.equal(referenceOf('a/b'), 'latest');
  t.equal(referenceOf('host:5000/b'), 'latest');
  t.equal(referenceOf('host:5000/b:2'), '2');
  t.equal(referenceOf(`a/b:2@${DIGEST}`), DIGEST);
  const result = { kind: 'refused', stage: 'manifest', host: REGISTRY, status: 404, reason: '' } as const;
  t.match(
    pullFinding(`${REGISTRY}/a$(x)'y:1`, result, CONTEXT).command,
    /--repository-name 'a\$\(x\)'\\''y' --image-ids imageTag=1$/,
  );
});

t.test('the report has no control characters, and the exit status follows from the states', async (t) => {
  const finding = { step: 'pod', state: 'note', message: 'a\u001b[2J\u009b\u202eb\nc' } as const;
  t.match(renderText('x/y', [finding]), /note +pod +a�\[2J��b c\n\nNo problem found\.\n$/);
  t.match(renderText('x', [finding]), /\nNo problem found\. To examine images and pulls too, name a pod/);
  t.equal(exitCodeOf([finding]), 0);
  t.equal(exitCodeOf([finding, { ...finding, state: 'unknown' }]), 2);
  t.equal(
    exitCodeOf([
      { ...finding, state: 'unknown' },
      { ...finding, state: 'problem' },
    ]),
    1,
  );
});

function bearerChallenge(host: string): string {
  return `Bearer realm="https://${host}/token/",service="s",scope="aws"`;
}

function refused(status: number, options: Partial<Extract<PullResult, { readonly kind: 'refused' }>> = {}) {
  const result = { kind: 'refused', stage: 'manifest', host: REGISTRY, reason: '', ...options, status } as const;
  return pullFinding(IMAGE, result, CONTEXT);
}

function unreachable(reason: string) {
  return pullFinding(IMAGE, { kind: 'unreachable', stage: 'manifest', host: REGISTRY, reason }, CONTEXT);
}
