import type { NamespaceObjects } from '../environment/environment.ts';
import type { ConfigMap, Secret } from './objects.ts';
import { followCollection, type Store, type StoreContext } from './store.ts';

/** The ConfigMaps and Secrets of a namespace, for as long as one of its pods runs here. */
export interface NamespaceLease extends NamespaceObjects {
  release(): void;
}

export interface NamespaceWatcher {
  /** @param onChange - called whenever a ConfigMap or Secret that was read may have changed */
  lease(namespace: string, onChange: () => void): NamespaceLease;
}

/** The collections of one namespace and those who use them. */
interface Watched extends NamespaceObjects {
  readonly listeners: Set<() => void>;
  readonly stop: () => void;
}

/** Watches only those namespaces whose pods use ConfigMaps or Secrets, each kind from its first use on. */
export function createNamespaceWatcher(context: StoreContext, closing: AbortSignal): NamespaceWatcher {
  const namespaces = new Map<string, Watched>();
  return {
    lease: (namespace, onChange) => {
      const watched = namespaces.get(namespace) ?? watchNamespace(context, namespace, closing);
      namespaces.set(namespace, watched);
      watched.listeners.add(onChange);
      return {
        configMap: watched.configMap,
        secret: watched.secret,
        release: () => {
          watched.listeners.delete(onChange);
          if (watched.listeners.size > 0) return;
          watched.stop();
          namespaces.delete(namespace);
        },
      };
    },
  };
}

function watchNamespace(context: StoreContext, namespace: string, closing: AbortSignal): Watched {
  const stopped = new AbortController();
  const listeners = new Set<() => void>();
  const options = {
    onChange: () => {
      for (const listener of listeners) listener();
    },
    signal: AbortSignal.any([stopped.signal, closing]),
  };
  const base = `/api/v1/namespaces/${namespace}`;
  let configMaps: Store<ConfigMap> | undefined;
  let secrets: Store<Secret> | undefined;
  return {
    listeners,
    stop: () => stopped.abort(),
    configMap: async (name) => {
      configMaps ??= followCollection(context, { ...options, path: `${base}/configmaps` });
      await configMaps.synced;
      return configMaps.get(`${namespace}/${name}`);
    },
    secret: async (name) => {
      secrets ??= followCollection(context, { ...options, path: `${base}/secrets` });
      await secrets.synced;
      return secrets.get(`${namespace}/${name}`);
    },
  };
}
