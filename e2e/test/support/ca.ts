import { X509Certificate } from 'node:crypto';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { KubeApi, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

/** The Secret of the CA. */
export const CA_SECRET = `/api/v1/namespaces/${PRODUCT_NAME}/secrets/${PRODUCT_NAME}-ca`;

export const CONFIGURATION = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${PRODUCT_NAME}`;

export interface WebhookConfiguration {
  readonly metadata: { readonly resourceVersion: string };
  readonly webhooks: readonly {
    readonly timeoutSeconds: number;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

/** PEM of what the API server trusts by the configuration. */
export async function readCaBundle(api: KubeApi): Promise<string> {
  const { webhooks } = await api.get<WebhookConfiguration>(CONFIGURATION);
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
}

/** Removes the CA bundle from the webhook configuration. */
export async function removeCaBundle(client: KubeClient): Promise<void> {
  await client.request({
    method: 'PATCH',
    path: CONFIGURATION,
    contentType: 'application/json-patch+json',
    body: [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }],
  });
}

export async function readTrusted(api: KubeApi): Promise<readonly X509Certificate[]> {
  return splitBundle(await readCaBundle(api)).map((pem) => new X509Certificate(pem));
}

/** Which CA signs; empty if there is none that can be read. */
export async function readSigner(api: KubeApi): Promise<string> {
  const secret = await ifFound(api.get<Secret>(CA_SECRET));
  const pem = Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString();
  const [first] = splitBundle(pem);
  return first === undefined ? '' : new X509Certificate(first).fingerprint256;
}

/** As a person does: `kubectl annotate secret ecr-pull-secrets-ca ecr-pull-secrets.io/rotate-at=<now>`. */
export async function askForRotation(api: KubeApi): Promise<void> {
  const annotations = { 'ecr-pull-secrets.io/rotate-at': new Date().toISOString() };
  await api.merge(CA_SECRET, { metadata: { annotations } });
}
