import { createHash } from 'node:crypto';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';

/** What `helm test` calls all that it makes, for a release of the product's name in a namespace. */
export function helmTestName(namespace: string = PRODUCT_NAME): string {
  const hash = createHash('sha256').update(`${namespace}/${PRODUCT_NAME}`).digest('hex');
  return `${PRODUCT_NAME}-test-${hash.slice(0, 8)}`;
}
