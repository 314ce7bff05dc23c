/** Where the package process-on-spawn, which tap uses, keeps what it calls before each spawn. */
const STATE = Symbol.for('process-on-spawn@*:singletonId');

/**
 * Starts a process without the variables that tap adds to all that a test starts, `NODE_OPTIONS` among
 * them: a container has its pod's environment alone, and not a test runner's loader in it.
 */
export function withoutSpawnHooks<T>(spawn: () => T): T {
  const state: unknown = Reflect.get(globalThis, STATE);
  if (!hasListeners(state)) return spawn();
  const listeners = state.listeners.splice(0);
  try {
    return spawn();
  } finally {
    state.listeners.push(...listeners);
  }
}

function hasListeners(state: unknown): state is { readonly listeners: unknown[] } {
  const isObject = typeof state === 'object' && state !== null;
  return isObject && 'listeners' in state && Array.isArray(state.listeners);
}
