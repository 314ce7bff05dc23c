import assert from 'node:assert/strict';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import type { Test } from 'tap';
import { requestApi } from '@ecr-pull-secrets/testbed/local-cluster/api-request.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Playground, REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { CA_SECRET, readCaBundle, type WebhookConfiguration } from '../ca.ts';
import { documentOf, pathOf } from '../pull-secret.ts';
import { metricsOf, replicasOf } from '../renewers.ts';
import type { StolenIdentity } from '../stolen-identity.ts';
import { CHECKPOINT, merge, PLACES } from './attack.ts';
import { changeCaBundle, caSecretData, holdLease, REPLACE_REGISTRIES } from './still-possible.ts';

/** Tests what comes of the writes that docs/security.md says a stolen token of the renewer can still make. */
export function testEffects(t: Test, playground: Playground, thief: StolenIdentity): void {
  const { api, cluster } = playground;

  t.test('an annotation of the checkpoint has the webhook warn', async (t) => {
    await thief.client.request(REPLACE_REGISTRIES);
    const path = `/api/v1/namespaces/${PLACES.served}/pods?dryRun=All`;
    const body = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'any-' },
      spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] },
    };
    const access = { ...cluster, token: cluster.adminToken };
    await eventually('a warning', async () => {
      const { warnings } = await requestApi(access, path, { method: 'POST', body });
      assert.match(warnings.join(), /no token covers registry/);
    });
    t.pass();
  });

  t.test('a CA of the thief’s is what API servers trust', async (t) => {
    const { certificatePem, privateKeyPem } = await createCa({
      commonName: 'thief',
      now: new Date(),
    });
    const { webhooks } = await thief.client.request<WebhookConfiguration>(changeCaBundle(certificatePem));
    const trusted = Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
    t.equal(trusted, certificatePem, 'until it is repaired');
    await eventually('caBundle is repaired', async () => {
      assert.ok(!(await readCaBundle(api)).includes(certificatePem));
    });
    await thief.client.request(merge(CA_SECRET, { data: caSecretData({ certificatePem, privateKeyPem }) }));
    await eventually('the renewer publishes it', async () => {
      assert.ok((await readCaBundle(api)).includes(certificatePem));
    });
  });

  t.test('the next leader writes planted credentials into the pull secrets', async (t) => {
    const { data } = await thief.api.get<Secret>(CHECKPOINT);
    const text = Buffer.from(data?.['tokens.json'] ?? '', 'base64').toString();
    const content = JSON.parse(text);
    const obtainedAtMs = Date.now();
    for (const token of Object.values(content.tokens)) {
      const planted = { password: 'planted-password', obtainedAtMs };
      Object.assign(Object(token), planted, { expiresAtMs: obtainedAtMs + 43_200_000 });
    }
    await thief.client.request(merge(CHECKPOINT, { stringData: { 'tokens.json': JSON.stringify(content) } }));
    // With a holder of no name there is another leader at once.
    await thief.client.request(holdLease(''));
    await eventually('it is in the pull secret', async () => {
      const found = await api.get<Secret>(pathOf(PLACES.served));
      assert.match(documentOf(found), /planted-password/);
    });
    t.pass();
  });

  t.test('there is no leader while the thief holds the lease', async (t) => {
    await thief.client.request(holdLease('thief'));
    const pods = await replicasOf(playground);
    await eventually('no renewer leads', async () => {
      for (const pod of pods) {
        assert.match(await metricsOf(playground, pod), /^ecr_pull_secrets_leader 0$/m);
      }
    });
    t.ok(pods.length > 0);
  });
}
