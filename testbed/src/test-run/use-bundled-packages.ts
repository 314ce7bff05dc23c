/**
 * What each test file imports first, by `tap.node-arg` of the root's package.json: it then finds each bundled package
 * as one file. Without the file, as after `npm ci`, it finds the package itself.
 */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BUNDLED_PACKAGES, bundledPackagePath } from './bundled-packages.ts';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

const urls: ReadonlyMap<string, string> = new Map(
  BUNDLED_PACKAGES.flatMap((name) => {
    const path = bundledPackagePath(CHECKOUT, name);
    return existsSync(path) ? [[name, pathToFileURL(path).href]] : [];
  }),
);

registerHooks({
  resolve: (specifier, context, resolveNext) => {
    const url = urls.get(specifier);
    return url ? { url, format: 'module', shortCircuit: true } : resolveNext(specifier, context);
  },
});
