import { applyPullSecret } from '@ecr-pull-secrets/renewer/pull-secrets/apply/apply-pull-secret.ts';
import { planWrite } from '@ecr-pull-secrets/renewer/pull-secrets/plan/plan-write.ts';
import { createDockerConfig } from '@ecr-pull-secrets/renewer/credentials/docker-config.ts';
import { planTokens } from '@ecr-pull-secrets/renewer/credentials/token-plan.ts';
import { createPodDecider } from '@ecr-pull-secrets/server/admission/pod-decision.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { parse } from 'yaml';
import { readText } from './support/checkout.ts';
import { keysOfCode, ownKeysIn } from './support/known-names.ts';

const PAGE = 'docs/labels-and-annotations.md';
const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const RENEWED_AT_MS = Date.UTC(2026, 10, 30, 6);

const page = await readText(PAGE);
const [, example = ''] = page.split('## Example');
const blocks = [...example.matchAll(/^```(?:yaml|json)\n([^]*?)^```$/gm)].map(([, text = '']) => parse(text));
const [namespace, pullSecret, dockerConfig, pod, storedPod, otherPod] = blocks;

t.test('the page has every key of the code and the chart, and no other', async (t) => {
  const known = await keysOfCode();
  t.ok(known.size > 10);
  t.same([...new Set(ownKeysIn(page))].toSorted(), [...known].toSorted());
});

t.test('the Secret of the page is what the renewer writes', async (t) => {
  let written: unknown;
  const client: KubeClient = {
    request: (request) => {
      written = request.body;
      return Promise.reject(new Error('not stored'));
    },
    stream: () => Promise.reject(new Error('not called')),
    close: async () => {},
  };
  const plan = planTokens({ registries: [{ host: HOST }], region: 'us-east-1' });
  const token = {
    username: 'AWS',
    password: 'example',
    registry: `https://${HOST}`,
    obtainedAtMs: RENEWED_AT_MS,
    expiresAtMs: RENEWED_AT_MS + 12 * 3_600_000,
  };
  const tokens = new Map(plan.requests.map(({ id }) => [id, token]));
  const config = createDockerConfig(plan, tokens, RENEWED_AT_MS);
  const write = config && planWrite(undefined, config, RENEWED_AT_MS);
  if (!write) throw new Error('no write is due');

  const target = { client, namespace: 'payments', name: 'ecr-pull-secret', signal: new AbortController().signal };
  await t.rejects(applyPullSecret(target, config, write), /not stored/);

  const { metadata, ...rest } = pullSecret;
  t.same(written, { ...rest, metadata: { ...metadata, resourceVersion: write.resourceVersion } });
  t.same(JSON.parse(config.dockerConfigJson), dockerConfig);
});

t.test('the pods of the page are what the webhook makes of them', (t) => {
  const facts = { current: () => undefined };
  const decide = createPodDecider(
    { facts },
    { pullSecretName: 'ecr-pull-secret', registryHosts: [], injectAll: false },
  );
  t.equal(namespace.metadata.labels[`${PRODUCT_NAME}.io/inject`], 'enabled');
  const { patch } = decide(pod, 'payments');
  t.same(patch, [{ op: 'add', path: '/spec/imagePullSecrets', value: storedPod.spec.imagePullSecrets }]);
  t.same({ ...pod, spec: { ...pod.spec, imagePullSecrets: storedPod.spec.imagePullSecrets } }, storedPod);
  t.equal(decide(storedPod, 'payments').outcome, 'noop');
  t.equal(decide(otherPod, 'payments').outcome, 'noop');
  t.end();
});
