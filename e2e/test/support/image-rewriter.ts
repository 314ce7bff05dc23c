import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { propertyOf } from '@ecr-pull-secrets/testbed/ecr-stand-in/json.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

/** A mutating webhook of another product: it puts a prefix before the first container's image, or fills it in. */
export interface ImageRewriter {
  /** A MutatingWebhookConfiguration for one namespace, of a name that sorts after ours. */
  configurationFor(namespace: string): Manifest;
  close(): Promise<void>;
}

export async function startImageRewriter(prefix: string): Promise<ImageRewriter> {
  const now = new Date();
  const ca = await createCa({ commonName: 'rewriter', now });
  const { certificatePem, privateKeyPem } = await createServingCertificate(ca, {
    serviceName: 'localhost',
    namespace: 'none',
    now,
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const review = rewrite(await json(request), prefix);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(review));
  }
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    configurationFor: (namespace) => ({
      metadata: { name: 'zz-image-rewriter' },
      webhooks: [
        {
          name: 'rewrite.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          clientConfig: {
            url: `https://localhost:${port}/`,
            caBundle: Buffer.from(ca.certificatePem).toString('base64'),
          },
          rules: [
            { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
          ],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        },
      ],
    }),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function rewrite(review: unknown, prefix: string): Manifest {
  const request = propertyOf(review, 'request');
  const [container] = listOf(
    propertyOf(propertyOf(propertyOf(request, 'object'), 'spec'), 'containers'),
  );
  const found = propertyOf(container, 'image');
  const image = typeof found === 'string' ? found : 'filled-in';
  const patch = image.startsWith(prefix)
    ? []
    : [{ op: 'add', path: '/spec/containers/0/image', value: prefix + image }];
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: propertyOf(request, 'uid'),
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    },
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
