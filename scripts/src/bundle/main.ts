/** `npm run bundle`: bundles the product into `dist/`. */
import { bundle } from './bundle.ts';

process.stdout.write(`bundled ${await bundle()}\n`);
