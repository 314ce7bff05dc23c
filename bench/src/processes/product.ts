import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The checkout that this file is part of. */
export const THIS_CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

/** The product of a checkout, as its image and its chart start it. */
export interface Product {
  readonly checkout: string;
  /** The arguments of Node: the options of the image, and the bundle. */
  readonly args: readonly string[];
  /** `NODE_OPTIONS`, which the chart derives from the memory limits of the containers. */
  readonly webhookOptions: string;
  readonly renewerOptions: string;
}

/**
 * Bundles the product of a checkout by the code of that checkout, so that a change to the bundle or the image counts.
 *
 * @throws if this is no checkout, or its packages are not installed
 */
export async function productOf(directory: string): Promise<Product> {
  const checkout = resolve(directory);
  const { builtBundle }: Bundling = await import(codeOf(checkout, 'built-bundle'));
  const { imageEntrypoint }: Entrypoint = await import(codeOf(checkout, 'image-entrypoint'));
  const [, ...args] = await imageEntrypoint(await builtBundle());
  const [webhookOptions, renewerOptions] = await nodeOptions(checkout);
  return { checkout, args, webhookOptions, renewerOptions };
}

type Bundling = Pick<typeof import('@ecr-pull-secrets/testbed/playground/built-bundle.ts'), 'builtBundle'>;
type Entrypoint = Pick<typeof import('@ecr-pull-secrets/testbed/playground/image-entrypoint.ts'), 'imageEntrypoint'>;

function codeOf(checkout: string, name: string): string {
  return pathToFileURL(join(checkout, `testbed/src/playground/${name}.ts`)).href;
}

/** What deploy.yaml sets: the webhook comes first, then the renewer. */
async function nodeOptions(checkout: string): Promise<readonly [string, string]> {
  const manifest = await readFile(join(checkout, 'deploy.yaml'), 'utf8');
  const [webhook, renewer] = [...manifest.matchAll(/name: NODE_OPTIONS\n\s+value: (.+)/g)].map(([, value]) => value);
  if (webhook === undefined || renewer === undefined) throw new Error('deploy.yaml does not set NODE_OPTIONS twice');
  return [webhook, renewer];
}
