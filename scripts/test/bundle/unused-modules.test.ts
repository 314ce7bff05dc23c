import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import t from 'tap';
import { unusedModules } from '../../src/bundle/unused-modules.ts';

const entry = fileURLToPath(new URL('../../../server/src/main.ts', import.meta.url));

t.test(
  'the webhook contains none of the unused modules, and each of the list is one that its packages require',
  async (t) => {
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      plugins: [unusedModules],
    });

    const inputs = Object.keys(metafile.inputs);
    const replaced = inputs.filter((path) => path.startsWith('unused:')).map((path) => path.slice('unused:'.length));
    t.same(replaced.toSorted(), [
      './lib/cluster',
      './lib/pushgateway',
      './lib/worker',
      '@fastify/ajv-compiler',
      '@fastify/fast-json-stringify-compiler',
      'light-my-request',
      'node:http2',
      'semver',
      'thread-stream',
      'worker_threads',
    ]);
    t.notOk(inputs.some((path) => /\/node_modules\/(?:ajv|semver|light-my-request|thread-stream)\//.test(`/${path}`)));
  },
);
