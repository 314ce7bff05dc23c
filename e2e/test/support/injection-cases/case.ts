import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { SECRET } from '../pull-secret.ts';

/** A pod, and what must become of it in each mode. */
export interface InjectionCase {
  readonly name: string;
  readonly namespace: string;
  /** Metadata and spec. */
  readonly pod: Manifest;
  /** Names in `spec.imagePullSecrets`, or the status by which the API server refuses the pod. */
  readonly result: readonly (string | undefined)[] | number;
  /** Minor version of Kubernetes from which on the API server keeps what the pod requests. */
  readonly since?: number;
}

/** Opted in; the ServiceAccount `puller` has pull secrets of its own. */
export const LABELLED = 'labelled';
export const UNLABELLED = 'unlabelled';
/** Opted in; a webhook that is called after ours puts `REWRITTEN_PREFIX` before images. */
export const REWRITTEN = 'rewritten';
export const REWRITTEN_PREFIX = `${REGISTRY}/mirror/`;
/** Opted in, and excluded by name. */
export const EXCLUDED = ['closed', 'private-a', 'team-1'] as const;
/** Opted in; their names only resemble those. */
export const NOT_EXCLUDED = ['closed-not', 'not-closed', 'private', 'team-10'] as const;
/** Opted in, and never injected. */
export const SYSTEM = ['kube-system', 'kube-public', 'kube-node-lease', 'ecr-pull-secrets'] as const;

export const ECR_IMAGE = `${REGISTRY}/team/app:1`;

/** A container whose image is on no registry of ours. */
export const OTHER_CONTAINER = { name: 'app', image: 'nginx' };

/** What the kubelet marks the copies of its static pods with. */
export const MIRROR = 'kubernetes.io/config.mirror';

/** The API server wants a node's name of a mirror pod, and no ServiceAccount. */
export const ON_A_NODE = { nodeName: 'elsewhere' };

/** A pod with one ECR image, unless the spec says otherwise. */
export function podWith(spec: Manifest, metadata: Manifest = {}): Manifest {
  const containers = [{ name: 'app', image: ECR_IMAGE }];
  return { metadata: { generateName: 'pod-', ...metadata }, spec: { containers, ...spec } };
}

type Result = InjectionCase['result'];

/** A pod in the namespace `labelled`, unless the metadata says otherwise. */
export function pod(
  name: string,
  spec: Manifest,
  result: Result,
  { namespace = LABELLED, ...metadata }: Manifest & { namespace?: string } = {},
): InjectionCase {
  return { name, namespace, pod: podWith(spec, metadata), result };
}

/** A pod with one image. */
export function image(reference: string, result: Result, namespace = LABELLED): InjectionCase {
  const containers = [{ name: 'app', image: reference }];
  const name = `the image ${JSON.stringify(reference)}`;
  return { name, namespace, pod: podWith({ containers }), result };
}

/** A pod that mounts an image, and whose container is on no registry of ours. */
export function imageVolume(name: string, source: Manifest, result: Result): InjectionCase {
  const volumes = [{ name: 'model', image: source }];
  // The feature is on by default from here on.
  return { ...pod(name, { containers: [OTHER_CONTAINER], volumes }, result), since: 35 };
}

export function csiVolume(volumeAttributes: Manifest): Manifest {
  return { name: 'csi', csi: { driver: 'csi.example.com', volumeAttributes } };
}

export const injected = (reference: string): InjectionCase => image(reference, [SECRET]);
export const left = (reference: string): InjectionCase => image(reference, []);
