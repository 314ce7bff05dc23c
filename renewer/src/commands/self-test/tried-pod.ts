import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { podsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import * as z from 'zod';

/** Never pulled: the pod is a dry run. */
const ECR_IMAGE = '123456789012.dkr.ecr.us-east-1.amazonaws.com/ecr-pull-secrets/test:1';

/** Little, for policies and quotas that require both. */
const RESOURCES = { cpu: '10m', memory: '16Mi' };

const texts = z.record(z.string(), z.string());

/** As in a pod; the API server validates the rest. */
const schema = z.strictObject({
  image: z.string().min(1).default(ECR_IMAGE),
  resources: z.record(z.string(), z.unknown()).default({ requests: RESOURCES, limits: RESOURCES }),
  labels: texts.default({}),
  annotations: texts.default({}),
});

/** Fields of the pod that a cluster's policies may require. */
export type TriedPod = Readonly<z.output<typeof schema>>;

/** @throws an error that names what is wrong with the text; a field that is absent has its default */
export function readTriedPod(text: string): TriedPod {
  const result = schema.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw new Error(problems.join('; '));
}

/**
 * A pod without pull secrets. The Pod Security Standard "restricted" admits it, and so do the
 * usual policies beyond it: a tag, limits, a read-only root, no token.
 */
export function podToTry({ image, resources, labels, annotations }: TriedPod) {
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'test-', labels, annotations },
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: 'test', image, resources, securityContext }],
    },
  };
}

interface AdmittedPod {
  readonly spec: { readonly imagePullSecrets?: readonly { readonly name?: string }[] };
}

/**
 * The pull secrets of a pod if it were created now. The API server calls webhooks and policies, and stores nothing.
 *
 * @throws as the client
 */
export async function tryPod(
  client: KubeClient,
  namespace: string,
  body: ReturnType<typeof podToTry>,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const request = { method: 'POST', path: podsPath(namespace), query: { dryRun: 'All' }, body, signal } as const;
  const { spec } = await client.request<AdmittedPod>(request);
  return spec.imagePullSecrets?.flatMap(({ name }) => name ?? []) ?? [];
}
