/** Writes the software bill of materials of the bundles in `dist/`. */
import { BUNDLE_DIR } from '../bundle/bundle.ts';
import { writeSbom } from './sbom.ts';

process.stdout.write(`wrote ${await writeSbom(BUNDLE_DIR)}\n`);
