import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createServer, type Server } from 'node:tls';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { KubeApi, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { CA_SECRET, readCaBundle } from './ca.ts';
import { SERVER_NAME } from './webhook-pods.ts';

/** A server of a thief who has a CA's key, with a certificate for the webhook's name. */
export interface Thief {
  /** Whether a client that trusts what the API server trusts at this moment takes it for the webhook. */
  isTrusted(): Promise<boolean>;
  /**
   * Looks until it is taken for the webhook no longer.
   *
   * @param withinMs - when to give up
   * @returns how long that took, in milliseconds; `undefined` if it is still trusted then
   */
  untilRefused(withinMs: number): Promise<number | undefined>;
  close(): void;
}

/** Copies the CA of the cluster's Secret, as anyone who may read it can. */
export async function stealCa(api: KubeApi): Promise<PemPair> {
  const { data = {} } = await api.get<Secret>(CA_SECRET);
  const read = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  return { certificatePem: read('tls.crt'), privateKeyPem: read('tls.key') };
}

export async function startThief(api: KubeApi, stolen: PemPair): Promise<Thief> {
  const { certificatePem, privateKeyPem } = await createServingCertificate(stolen, {
    serviceName: PRODUCT_NAME,
    namespace: PRODUCT_NAME,
    now: new Date(),
    lifetimeMs: 3_600_000,
  });
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (socket) => {
    socket.on('error', () => undefined).end();
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const isTrusted = async (): Promise<boolean> => isTakenFor(server, await readCaBundle(api));
  return {
    isTrusted,
    untilRefused: async (withinMs) => {
      const startMs = Date.now();
      while (Date.now() - startMs < withinMs) {
        if (!(await isTrusted())) return Date.now() - startMs;
        await delay(200);
      }
      return undefined;
    },
    close: () => void server.close(),
  };
}

async function isTakenFor(server: Server, ca: string): Promise<boolean> {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const socket = connect({ host: '127.0.0.1', port, ca, servername: SERVER_NAME });
  try {
    await once(socket, 'secureConnect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
