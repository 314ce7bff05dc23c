import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { ObjectList, ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { eventually } from './eventually.ts';

/** The parts of a pod that tests and the demo look at. */
export interface Pod {
  readonly metadata: ObjectMeta & {
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly spec: {
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly restartCount: number;
    }[];
  };
}

export interface Secret {
  readonly metadata: ObjectMeta;
  readonly type: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface Event {
  readonly reason: string;
  readonly message: string;
}

/** Anything that is posted. */
export type Manifest = Readonly<Record<string, unknown>>;

/** An administrator's everyday verbs, in fewer words than the client's. */
export interface KubeApi {
  get<T>(path: string): Promise<T>;
  list<T>(path: string, query?: Readonly<Record<string, string>>): Promise<readonly T[]>;
  create<T>(path: string, body: Manifest, query?: Readonly<Record<string, string>>): Promise<T>;
  /** JSON merge patch (RFC 7386). */
  merge<T>(path: string, body: Manifest): Promise<T>;
  remove(path: string): Promise<void>;
  /** Makes a namespace, opted in by default, in which pods can be made. */
  createNamespace(name: string, options?: { readonly injected?: boolean }): Promise<void>;
  /** Makes a pod from a spec, under a generated name unless its metadata has one. */
  createPod(namespace: string, pod: Manifest, query?: Readonly<Record<string, string>>): Promise<Pod>;
}

export function createKubeApi(client: KubeClient): KubeApi {
  const api: KubeApi = {
    get: (path) => client.request({ method: 'GET', path }),
    list: async <T>(path: string, query?: Readonly<Record<string, string>>) => {
      const list = await client.request<ObjectList<T>>({
        method: 'GET',
        path,
        ...(query ? { query } : {}),
      });
      return list.items ?? [];
    },
    create: (path, body, query) => client.request({ method: 'POST', path, body, ...(query ? { query } : {}) }),
    merge: (path, body) => client.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }),
    remove: async (path) => {
      await client.request({ method: 'DELETE', path });
    },
    createNamespace: async (name, { injected = true } = {}) => {
      const labels = injected ? { [INJECT_LABEL]: 'enabled' } : {};
      await api.create('/api/v1/namespaces', { metadata: { name, labels } });
      // Without it the API server refuses every pod.
      await eventually(`the default ServiceAccount of ${name}`, () =>
        api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`),
      );
    },
    createPod: (namespace, pod, query) => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      return api.create(path, { metadata: { generateName: 'pod-' }, ...pod }, query);
    },
  };
  return api;
}
