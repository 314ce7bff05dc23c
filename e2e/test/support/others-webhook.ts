import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** An admission webhook of another product. */
export interface OthersWebhook {
  /** As `webhooks[].clientConfig` has it. */
  readonly clientConfig: Manifest;
  close(): Promise<void>;
}

/** One that answers dry runs alone, and counts them. */
export async function startHangingWebhook(): Promise<OthersWebhook & { readonly asked: { dryRuns: number } }> {
  const asked = { dryRuns: 0 };
  const webhook = await startOthersWebhook((request) => {
    const isDryRun = propertyOf(request, 'dryRun') === true;
    if (isDryRun) asked.dryRuns++;
    return isDryRun ? { allowed: true } : undefined;
  });
  return { ...webhook, asked };
}

/** @param respond - `undefined` for no answer at all */
export async function startOthersWebhook(respond: (request: unknown) => Manifest | undefined): Promise<OthersWebhook> {
  const now = new Date();
  const ca = await createCa({ commonName: 'guard', now });
  const { certificatePem: cert, privateKeyPem: key } = await createServingCertificate(ca, {
    serviceName: 'localhost',
    namespace: 'none',
    now,
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = propertyOf(await json(request), 'request');
    const verdict = respond(asked);
    if (!verdict) return;
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: propertyOf(asked, 'uid'), ...verdict },
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(review));
  }
  const server = createServer({ cert, key }, (request, response) => {
    void answer(request, response);
  });
  const port = await listenOnLoopback(server);
  return {
    clientConfig: {
      url: `https://localhost:${port}/`,
      caBundle: Buffer.from(ca.certificatePem).toString('base64'),
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
