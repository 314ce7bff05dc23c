import { connect } from 'node:tls';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { caSecretName, NAMESPACES_PATH, secretPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';
import type { Deployment, Secret, Service, Webhook } from './objects.ts';
import { foundIn, type Read } from './read.ts';
import { createReader } from './reader.ts';
import type { Release } from './release.ts';
import type { WebhookCertificate } from './webhook-certificate.ts';

/** The Service is near, or it cannot be reached from here at all. */
const HANDSHAKE_MS = 2_000;

/** A chain that a server sends has two or three. */
const MOST_CERTIFICATES = 10;

/**
 * The certificate of the webhook: from the webhook itself, if its Service is reachable from here, as it is from a node
 * and from a pod; else from the Secret. Of the Secret only certificates are kept.
 */
export async function readWebhookCertificate(
  client: KubeClient,
  { webhook, release, deployment }: { webhook: Webhook; release: Release; deployment: Deployment | undefined },
): Promise<Read<WebhookCertificate>> {
  const pem = await readServedChain(client, { webhook, release });
  if (pem !== undefined) return { found: { kind: 'chain', pem } };
  const volumes = deployment?.spec.template.spec.volumes ?? [];
  return await readStored(client, release, volumes.find(({ name }) => name === 'tls')?.secret?.secretName);
}

/** @param mounted - the Secret of an external certificate; the renewer stores only its CA */
async function readStored(
  client: KubeClient,
  { name, namespace }: Release,
  mounted: string | undefined,
): Promise<Read<WebhookCertificate>> {
  const path = secretPath(namespace, mounted ?? caSecretName(name));
  const stored = await createReader(client).get<Secret>(`get secrets in namespace ${namespace}`, path);
  if (!('found' in stored)) return stored;
  const pem = Buffer.from(stored.found.data?.['tls.crt'] ?? '', 'base64').toString();
  return { found: { kind: mounted === undefined ? 'ca' : 'chain', pem } };
}

/** What the webhook serves, as PEM; `undefined` if its Service is not reachable from here. */
export async function readServedChain(
  client: KubeClient,
  { webhook, release }: { webhook: Webhook; release: Release },
): Promise<string | undefined> {
  const { name, namespace } = release;
  const path = `${NAMESPACES_PATH}/${namespace}/services/${name}`;
  const service = await createReader(client).get<Service>(`get services in namespace ${namespace}`, path);
  // In a pod that may not read Services the cluster's DNS has the name.
  const host = 'unread' in service ? dnsNameOf(release) : foundIn(service)?.spec.clusterIP;
  if (host === undefined || host === 'None') return undefined;
  return servedChain(host, webhook.clientConfig?.service?.port ?? 443, dnsNameOf(release));
}

/** The name by which the API server calls the webhook. */
export function dnsNameOf({ name, namespace }: Release): string {
  return `${name}.${namespace}.svc`;
}

/** What a server sends in its handshake, as PEM; `undefined` if there is no handshake. */
async function servedChain(host: string, port: number, servername: string): Promise<string | undefined> {
  try {
    return await withTimeout(
      { clock: systemClock, ms: HANDSHAKE_MS, signal: undefined, timeUp: noHandshake },
      (signal) => handshake(host, port, servername, signal),
    );
  } catch {
    return undefined;
  }
}

function noHandshake(): Error {
  return new Error('no handshake');
}

/** It only reads: whether the certificate is trusted is the question, so it is no condition. */
function handshake(host: string, port: number, servername: string, signal: AbortSignal): Promise<string> {
  const socket = connect({ host, port, servername, rejectUnauthorized: false });
  return new Promise<string>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const blocks: string[] = [];
      let certificate = socket.getPeerX509Certificate();
      while (certificate && blocks.length < MOST_CERTIFICATES) {
        blocks.push(certificate.toString());
        certificate = certificate.issuerCertificate;
      }
      resolve(blocks.join(''));
    });
  }).finally(() => socket.destroy());
}
