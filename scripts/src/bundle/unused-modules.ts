import type { Plugin } from 'esbuild';

/**
 * Modules that packages require and that no command uses. They are a quarter of the code of the webhook, and those that
 * are required at the start take 1.6 MiB of its memory.
 */
const UNUSED: readonly { readonly of: string; readonly modules: readonly string[] }[] = [
  // The compilers of JSON schemas, which no route has (`shared/src/http/without-schemas.ts`), HTTP/2, the versions that
  // plugins require, and requests of tests.
  {
    of: 'fastify',
    modules: [
      '@fastify/ajv-compiler',
      '@fastify/fast-json-stringify-compiler',
      'light-my-request',
      'node:http2',
      'semver',
    ],
  },
  // A client that pushes, and the metrics of other processes and threads.
  { of: '@prometheus-io/client', modules: ['./lib/pushgateway', './lib/cluster', './lib/worker'] },
  // Threads that write logs.
  { of: 'pino', modules: ['worker_threads', 'thread-stream'] },
];

const NAMESPACE = 'unused';

/** Puts an empty object in their place. */
export const unusedModules: Plugin = {
  name: 'unused-modules',
  setup: (build) => {
    for (const { of, modules } of UNUSED) {
      build.onResolve({ filter: toPattern(modules) }, ({ path, importer }) =>
        importer.includes(`/node_modules/${of}/`) ? { path, namespace: NAMESPACE } : undefined,
      );
    }
    build.onLoad({ filter: /^/, namespace: NAMESPACE }, () => ({ contents: 'module.exports = {};' }));
  },
};

function toPattern(modules: readonly string[]): RegExp {
  return new RegExp(`^(?:${modules.map((module) => RegExp.escape(module)).join('|')})$`);
}
