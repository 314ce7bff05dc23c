import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import type { Test } from 'tap';
import { CONFIGURATION, type WebhookConfiguration } from '../support/ca.ts';
import type { FailureWorld } from './world.ts';

const HOME = `/api/v1/namespaces/${PRODUCT_NAME}`;

/** Long enough for the webhook to load it, and short enough to wait for its end. */
const SHORT_LIFETIME_MS = 20_000;

/** The content of a Secret with a certificate for the webhook. */
async function issue(ca: PemPair, lifetimeMs = 3_600_000) {
  const names = { serviceName: PRODUCT_NAME, namespace: PRODUCT_NAME, now: new Date() };
  const { certificatePem, privateKeyPem } = await createServingCertificate(ca, { ...names, lifetimeMs });
  return { stringData: { 'tls.crt': certificatePem, 'tls.key': privateKeyPem, 'ca.crt': ca.certificatePem } };
}

/** The API server creates pods without the name of the secret, because it cannot call the webhook. */
export async function testWebhookFailures(t: Test, world: FailureWorld, values: Manifest): Promise<void> {
  const { playground, made, createPod } = world;
  const { api, cluster, node } = playground;

  /** Creates pods until the API server has noticed. */
  async function createMissed(name: string) {
    const pod = await eventually('a pod without the name of the secret', async () => {
      const created = await createPod('good', `${REGISTRY}/app:1`, `${name}-${Date.now()}`);
      assert.equal(created.spec.imagePullSecrets, undefined);
      return created.metadata.name;
    });
    return { subject: `good/${pod}`, pod };
  }

  async function works(): Promise<void> {
    await eventually('a pod with the name of the secret', async () => {
      const { spec } = await createPod('good', `${REGISTRY}/app:1`, `app-${Date.now()}`);
      assert.equal(spec.imagePullSecrets?.length, 1);
    });
  }

  const service = `${HOME}/services/${PRODUCT_NAME}`;
  const isUnreachableSeen = await made(t, 'webhook-unreachable', async () => {
    await api.merge(service, { spec: { selector: { none: 'has-this' } } });
    // The API server would go on using its open connections.
    for (const pid of await processesOf('webhook')) process.kill(pid, 'SIGKILL');
    return createMissed('unreachable');
  });
  await api.merge(service, { spec: { selector: { none: null } } });
  await works();

  const renewers = await processesOf('renewer');
  const isDistrustSeen = await made(t, 'ca-bundle-wrong', async () => {
    // Otherwise the renewer repairs it at once.
    for (const pid of renewers) process.kill(pid, 'SIGSTOP');
    const { certificatePem } = await createCa({ commonName: 'another', now: new Date() });
    const caBundle = Buffer.from(certificatePem).toString('base64');
    const [webhook] = (await api.get<WebhookConfiguration>(CONFIGURATION)).webhooks;
    const clientConfig = { ...webhook?.clientConfig, caBundle };
    await api.merge(CONFIGURATION, { webhooks: [{ ...webhook, clientConfig }] });
    return createMissed('distrusted');
  });
  for (const pid of renewers) process.kill(pid, 'SIGCONT');
  await works();
  // Both are found by the next list of pods.
  await isUnreachableSeen();
  await isDistrustSeen();

  const isExpirySeen = await made(t, 'certificate-expired', async () => {
    const ca = await createCa({ commonName: 'mine', now: new Date() });
    await api.create(`${HOME}/secrets`, {
      metadata: { name: 'mine' },
      type: 'kubernetes.io/tls',
      ...(await issue(ca)),
    });
    await playground.install({ ...values, tls: { mode: 'existing-secret', existingSecret: 'mine' } });
    await works();
    const expiresAtMs = Date.now() + SHORT_LIFETIME_MS;
    await api.merge(`${HOME}/secrets/mine`, await issue(ca, SHORT_LIFETIME_MS));
    await delay(expiresAtMs + 1_000 - Date.now());
    // On an open connection an API server does not notice that the certificate has expired.
    await cluster.restartApiServer();
    return createMissed('expired');
  });
  await isExpirySeen();

  async function processesOf(container: string): Promise<readonly number[]> {
    const pods = await api.list<Pod>(`${HOME}/pods`);
    return pods.flatMap(({ metadata }) => node.processes(PRODUCT_NAME, metadata.name).get(container) ?? []);
  }
}
