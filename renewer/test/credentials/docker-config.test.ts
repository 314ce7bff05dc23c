import t from 'tap';
import { createDockerConfig } from '../../src/credentials/docker-config.ts';
import { planTokens } from '../../src/credentials/token-plan.ts';
import { EAST, HOUR_MS, NOW_MS, registryToken, WEST } from '../support/registry-tokens.ts';

const registry = `https://${EAST}`;

t.test('the document has the four fields of a docker login under AWS’s own key', (t) => {
  const plan = planTokens({ registries: [], region: 'us-east-1' });
  const tokens = new Map([[plan.requests[0]?.id ?? '', registryToken()]]);
  const document = createDockerConfig(plan, tokens, NOW_MS);
  const auth = Buffer.from('AWS:pass:word').toString('base64');
  const email = 'ecr-pull-secrets@example.invalid';
  const entry = { username: 'AWS', password: 'pass:word', email, auth };
  t.same(JSON.parse(document?.dockerConfigJson ?? ''), { auths: { [registry]: entry } });
  t.match(document, { isComplete: true, expiresAtMs: NOW_MS + 12 * HOUR_MS, renewedAtMs: NOW_MS });
  t.end();
});

t.test('the document is the same to the last byte as it has always been', (t) => {
  const plan = planTokens({
    registries: [{ host: `https://${EAST}/` }, { host: WEST }],
    region: undefined,
  });
  const [eastId = '', westId = ''] = plan.requests.map(({ id }) => id);
  const tokens = new Map([
    [eastId, registryToken()],
    [westId, registryToken({ password: 'other' })],
  ]);
  t.equal(
    createDockerConfig(plan, tokens, NOW_MS)?.dockerConfigJson,
    '{"auths":{"https://123456789012.dkr.ecr.us-east-1.amazonaws.com/":{"username":"AWS","password":"pass:word","email":"ecr-pull-secrets@example.invalid","auth":"QVdTOnBhc3M6d29yZA=="},"123456789012.dkr.ecr.us-west-2.amazonaws.com":{"username":"AWS","password":"other","email":"ecr-pull-secrets@example.invalid","auth":"QVdTOm90aGVy"}}}',
  );
  t.end();
});

t.test('keys stay as written, dead and missing tokens are left out and that is said', (t) => {
  const plan = planTokens({
    registries: [{ host: `https://${EAST}/` }, { host: WEST }],
    region: undefined,
  });
  const [eastId = '', westId = ''] = plan.requests.map(({ id }) => id);
  const half = createDockerConfig(plan, new Map([[eastId, registryToken()]]), NOW_MS);
  t.same(Object.keys(JSON.parse(half?.dockerConfigJson ?? '{}').auths), [`https://${EAST}/`]);
  t.equal(half?.isComplete, false);
  const dead = new Map([
    [eastId, registryToken()],
    [westId, registryToken({ expiresAtMs: NOW_MS })],
  ]);
  t.equal(createDockerConfig(plan, dead, NOW_MS)?.isComplete, false);
  t.equal(createDockerConfig(plan, new Map(), NOW_MS), undefined);
  t.end();
});
