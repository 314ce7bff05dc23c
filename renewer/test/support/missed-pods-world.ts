import { createApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient, KubeRequest, ReducedRequest } from '@ecr-pull-secrets/kube/client.ts';
import type { EventContent } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import type { Test } from 'tap';
import { createRenewerMetrics } from '../../src/metrics.ts';
import { runMissedPods } from '../../src/missed-pods/missed-pods.ts';
import { missedPodsSchema } from '../../src/missed-pods/settings.ts';

export const ECR_IMAGE = '123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1';
/** No token covers it; see `covers`. */
export const UNCOVERED_IMAGE = '999999999999.dkr.ecr.us-east-1.amazonaws.com/app:1';
export const SECRET = 'ecr-pull-secret';

export const covers = (image: string): boolean => !image.startsWith('999999999999.');

/** A pod as a test describes it. */
export interface PodSettings {
  readonly name: string;
  readonly namespace?: string;
  readonly phase?: 'Pending' | 'Running';
  readonly isPullFailing?: boolean;
  readonly image?: string;
  /** The image of a volume, which is the one that the kubelet cannot pull. */
  readonly volumeImage?: string;
  /** Whether the controller exists, and creates the pod again. */
  readonly isRecreated?: boolean;
  readonly controller?: { readonly kind: string; readonly uid: string; readonly apiVersion?: string };
}

interface StoredPod {
  readonly settings: PodSettings;
  readonly object: object;
  readonly uid: string;
}

/**
 * A cluster of pods, whose controllers create an evicted pod again at once. The namespaces `a` to `z` opted in, and
 * have a valid secret.
 *
 * @param options - `injects` says whether a new pod gets the name of the secret
 */
export function startMissedPodsWorld(t: Test, options: { evict?: boolean; injects?: () => boolean } = {}) {
  const { evict = false, injects = () => true } = options;
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const clock = createFakeClock();
  const startMs = clock.now();
  const stored = new Map<string, StoredPod>();
  const events: (EventContent & { readonly atMs: number })[] = [];
  const evictions: { readonly name: string; readonly atMs: number }[] = [];
  const lists: string[] = [];
  const registry = createMetricsRegistry();
  /** Pods that change after each list. */
  const restless = new Set<string>();
  let uids = 0;

  function put(settings: PodSettings, isInjected = false): void {
    const { name, namespace = 'a', phase = 'Pending', isPullFailing = false, image = ECR_IMAGE, controller } = settings;
    const { volumeImage } = settings;
    const uid = `uid-${++uids}`;
    const message = `Back-off pulling image "${volumeImage ?? image}"`;
    const waiting = { name: 'app', state: { waiting: { reason: 'ImagePullBackOff', message } } };
    const object = {
      metadata: {
        name,
        namespace,
        uid,
        resourceVersion: '7',
        creationTimestamp: new Date(clock.now()).toISOString(),
        ...(controller && {
          ownerReferences: [{ apiVersion: 'apps/v1', name: 'shop', controller: true, ...controller }],
        }),
      },
      spec: {
        containers: [{ name: 'app', image }],
        volumes: volumeImage === undefined ? [] : [{ name: 'data', image: { reference: volumeImage } }],
        imagePullSecrets: isInjected ? [{ name: SECRET }] : [],
      },
      status: { phase, containerStatuses: isPullFailing ? [waiting] : [] },
    };
    stored.set(`${namespace}/${name}`, { settings, object, uid });
  }

  function list({ path, query }: KubeRequest): Buffer {
    const [, namespace] = /namespaces\/([^/]+)\/pods$/.exec(path) ?? [];
    lists.push(`${path} ${String(query?.['fieldSelector'] ?? '')}`.trim());
    const items = [...stored.values()].filter(({ settings }) => {
      const isInPlace = namespace === undefined || (settings.namespace ?? 'a') === namespace;
      const selector = query?.['fieldSelector'];
      return isInPlace && (selector === undefined || selector === `status.phase=${settings.phase ?? 'Pending'}`);
    });
    return Buffer.from(JSON.stringify({ metadata: {}, items: items.map(({ object }) => object) }));
  }

  function evictPod({ path, body }: KubeRequest): void {
    const [, namespace = '', name = ''] = /namespaces\/([^/]+)\/pods\/([^/]+)\/eviction$/.exec(path) ?? [];
    const pod = stored.get(`${namespace}/${name}`);
    const isChanged = restless.has(`${namespace}/${name}`);
    if (!pod || isChanged || pod.uid !== Object(body).deleteOptions.preconditions.uid) {
      throw createApiError('POST', { status: 409, retryAfter: undefined, text: '' });
    }
    evictions.push({ name, atMs: clock.now() - startMs });
    if (pod.settings.isRecreated === false) return void stored.delete(`${namespace}/${name}`);
    const isInjected = injects();
    put({ ...pod.settings, isPullFailing: !isInjected }, isInjected);
  }

  const client: KubeClient = {
    request: async <T>(request: KubeRequest | ReducedRequest<T>): Promise<T> => {
      if (request.method === 'GET' && 'parse' in request) return request.parse(list(request));
      evictPod(request);
      return JSON.parse('{}');
    },
    stream: () => Promise.reject(new Error('no pod is watched')),
    close: () => Promise.resolve(),
  };
  const optedIn = new Map('abcdefghijklmnopqrstuvwxyz'.split('').map((namespace) => [namespace, startMs]));
  const secret = () => ({
    uid: 'x',
    resourceVersion: '1',
    isUntouched: true,
    isOursByMetadata: true,
    expiresAtMs: clock.now() + 3_600_000,
    renewedAtMs: undefined,
    planHash: undefined,
    origin: undefined,
  });
  const recorder = {
    event: async (event: EventContent) => {
      events.push({ ...event, atMs: clock.now() - startMs });
      return true;
    },
  };
  const logger = createLogger({ level: 'error', format: 'json', name: 'test' });
  const cache = {
    isComplete: () => true,
    optedIn: () => optedIn,
    secret: secret as () => ReturnType<typeof secret> | undefined,
  };
  const settings = { ...missedPodsSchema.parse({ evict, exceptNamespaces: ['z'] }), pullSecretName: SECRET };
  return {
    clock,
    put,
    remove: (key: string) => stored.delete(key),
    restless,
    events,
    evictions,
    lists,
    registry,
    optedIn,
    cache,
    /** Runs until the end of the test. */
    run: (): void => {
      const metrics = createRenewerMetrics(registry);
      const dependencies = { client, clock, random: () => 1, logger, metrics, recorder, cache, covers };
      void runMissedPods(dependencies, settings, stop.signal);
    },
  };
}
