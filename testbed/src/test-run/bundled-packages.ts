import { join } from 'node:path';

/**
 * Packages of so many files that a test file imports each as one file. An empty test file takes 0.15 s of CPU with tap
 * as one file and 0.31 s with tap's 180 files. The Kubernetes client takes 0.21 s in place of 0.46 s. This needs tap
 * without its plugin for mocks, which starts a thread for the resolution of all imports.
 */
export const BUNDLED_PACKAGES = ['tap', '@kubernetes/client-node'] as const;

/** Where the one file of a package is. In this folder, tap leaves its own lines out of the stack of an error. */
export function bundledPackagePath(checkout: string, name: string): string {
  return join(checkout, 'node_modules', '@tapjs', 'bundled', `${name.replace('/', '-')}.mjs`);
}
