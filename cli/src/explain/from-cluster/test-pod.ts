import { randomBytes } from 'node:crypto';
import { DOCKER_CONFIG_KEY } from '@ecr-pull-secrets/renewer/pull-secrets/cache/pull-secret-metadata.ts';
import { INJECT_LABEL, MANAGED_BY_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Pod } from '../../cluster/objects.ts';
import type { ReleaseNetwork } from './release-network.ts';

/** The kubelet ends the pod then, also if this command was killed. */
export const DEADLINE_SECONDS = 120;

/** By which a person finds the test pods. */
const TEST_POD_NAME = `${PRODUCT_NAME}-pull-test`;

/** The container that tries the pulls. */
export const TEST_CONTAINER = 'pull-test';

const SECRET_DIRECTORY = '/run/ecr-pull-secrets/pull-secret';
const CA_DIRECTORY = '/run/ecr-pull-secrets/ca';
const CA_ANNOTATION = 'ecr-pull-secrets.io/ca-certificates';

/** Node and the bundle take 60 MiB; a limit of CPU would only make the start slow. */
const RESOURCES = {
  requests: { cpu: '10m', memory: '64Mi' },
  limits: { cpu: '500m', memory: '128Mi' },
};

export interface TestPodSettings {
  /** Of the release. */
  readonly image: string;
  readonly imagePullPolicy: string | undefined;
  readonly secretName: string;
  /** The images to try. */
  readonly images: readonly string[];
  /** The pod that is explained. */
  readonly pod: Pod;
  readonly network: ReleaseNetwork;
}

/**
 * A pod that tries pulls with the namespace's own secret, on the node of the explained pod if it has room. The Pod
 * Security Standard "restricted" admits it. It has no token, it opts out of the injection, and it names the pull
 * secrets itself, because its own image may need them.
 */
export function testPod({ image, imagePullPolicy, secretName, images, pod, network }: TestPodSettings) {
  const { imagePullSecrets = [], tolerations, nodeName } = pod.spec;
  const names = new Set([...imagePullSecrets.flatMap(({ name }) => name ?? []), secretName]);
  const { caPem } = network;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      // A name of our own, so that the pod can be deleted whatever becomes of the response.
      name: `${TEST_POD_NAME}-${randomBytes(4).toString('hex')}`,
      labels: {
        'app.kubernetes.io/name': TEST_POD_NAME,
        [MANAGED_BY_LABEL]: PRODUCT_NAME,
        [INJECT_LABEL]: 'disabled',
      },
      ...(caPem === undefined ? {} : { annotations: { [CA_ANNOTATION]: caPem } }),
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: DEADLINE_SECONDS,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      imagePullSecrets: [...names].map((name) => ({ name })),
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      ...(tolerations === undefined ? {} : { tolerations }),
      ...(nodeName === undefined ? {} : { affinity: { nodeAffinity: preferNode(nodeName) } }),
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: TEST_CONTAINER,
          image,
          ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
          args: [
            'pull-test',
            `--docker-config=${SECRET_DIRECTORY}/config.json`,
            ...images.map((each) => `--image=${withoutExpansion(each)}`),
          ],
          env: [
            ...network.env,
            ...(caPem === undefined ? [] : [{ name: 'NODE_EXTRA_CA_CERTS', value: `${CA_DIRECTORY}/ca.crt` }]),
          ],
          resources: RESOURCES,
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
          volumeMounts: [
            { name: 'pull-secret', mountPath: SECRET_DIRECTORY, readOnly: true },
            ...(caPem === undefined ? [] : [{ name: 'ca', mountPath: CA_DIRECTORY, readOnly: true }]),
          ],
        },
      ],
      volumes: [
        // Optional: without the secret the pod starts too, and reports that there is no credential.
        {
          name: 'pull-secret',
          secret: { secretName, optional: true, items: [{ key: DOCKER_CONFIG_KEY, path: 'config.json' }] },
        },
        ...(caPem === undefined ? [] : [{ name: 'ca', downwardAPI: { items: [caItem()] } }]),
      ],
    },
  };
}

/** A ConfigMap of the release cannot be mounted in another namespace, but certificates are no secret. */
function caItem() {
  return { path: 'ca.crt', fieldRef: { fieldPath: `metadata.annotations['${CA_ANNOTATION}']` } };
}

/** As the DaemonSet controller selects a node by its name; a node without room is no hindrance. */
function preferNode(name: string) {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [name] }];
  return { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchFields } }] };
}

/** The kubelet replaces `$(NAME)` in arguments. */
function withoutExpansion(text: string): string {
  return text.replaceAll('$', '$$$$');
}
