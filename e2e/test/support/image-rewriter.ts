import { propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { startOthersWebhook } from './others-webhook.ts';

/** A mutating webhook of another product: it puts a prefix before the first container's image, or fills it in. */
export interface ImageRewriter {
  /** A MutatingWebhookConfiguration for one namespace, of a name that sorts after ours. */
  configurationFor(namespace: string): Manifest;
  close(): Promise<void>;
}

export async function startImageRewriter(prefix: string): Promise<ImageRewriter> {
  const webhook = await startOthersWebhook((request) => ({
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(rewrite(request, prefix))).toString('base64'),
  }));
  return {
    configurationFor: (namespace) => ({
      metadata: { name: 'zz-image-rewriter' },
      webhooks: [
        {
          name: 'rewrite.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          clientConfig: webhook.clientConfig,
          rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        },
      ],
    }),
    close: () => webhook.close(),
  };
}

/** The JSON patch for a reviewed pod. */
function rewrite(request: unknown, prefix: string): readonly Manifest[] {
  const [container] = listOf(propertyOf(propertyOf(propertyOf(request, 'object'), 'spec'), 'containers'));
  const found = propertyOf(container, 'image');
  const image = typeof found === 'string' ? found : 'filled-in';
  if (image.startsWith(prefix)) return [];
  return [{ op: 'add', path: '/spec/containers/0/image', value: prefix + image }];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
