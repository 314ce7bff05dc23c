import { fileURLToPath } from 'node:url';

/** A file of values with the image's repository, for which the chart has no default before the first release. */
export const IMAGE_VALUES = fileURLToPath(new URL('../fixtures/image-values.yaml', import.meta.url));
