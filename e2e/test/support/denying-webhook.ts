import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { createCertificateAuthority } from '@ecr-pull-secrets/certs-scripts/certificate-authority.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/serving-certificate.ts';
import { propertyOf } from '../../src/ecr-stand-in/json.ts';
import type { Manifest } from '../../src/playground/kube-api.ts';

/** Somebody's validating webhook that denies every secret, without a code of its own. */
export interface DenyingWebhook {
  /** As `webhooks[].clientConfig` has it. */
  readonly clientConfig: Manifest;
  close(): Promise<void>;
}

export async function startDenyingWebhook(message: string): Promise<DenyingWebhook> {
  const now = new Date();
  const authority = await createCertificateAuthority({ commonName: 'guard', now });
  const { certificatePem: cert, privateKeyPem: key } = await createServingCertificate(authority, {
    serviceName: 'localhost',
    namespace: 'none',
    now,
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const uid = propertyOf(propertyOf(await json(request), 'request'), 'uid');
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid, allowed: false, status: { message } },
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(review));
  }
  const server = createServer({ cert, key }, (request, response) => {
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    clientConfig: {
      url: `https://localhost:${port}/`,
      caBundle: Buffer.from(authority.certificatePem).toString('base64'),
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
