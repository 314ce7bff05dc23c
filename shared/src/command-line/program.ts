import { basename } from 'node:path';
import { PRODUCT_NAME } from '../names.ts';

/**
 * What a person types to run this program. kubectl runs a plugin as any other program, so only the name of the file
 * shows it; the launcher starts one that has the name of the plugin.
 */
export function programNameOf(path: string | undefined): string {
  return basename(path ?? '').startsWith('kubectl-') ? `kubectl ${PRODUCT_NAME}` : PRODUCT_NAME;
}

/** The name of this program. */
export const PROGRAM = programNameOf(process.argv[1]);

/** Whether it runs as a plugin of kubectl. */
export const IS_PLUGIN = PROGRAM !== PRODUCT_NAME;
