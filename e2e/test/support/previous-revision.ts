import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * What stands for the release before this one until there is a first: "Keep in the checkpoint what its
 * caller can use". It is the oldest revision from which an upgrade without a loss can be required: the
 * one before it measured that rollouts lose nothing, and since this one the checkpoint says whose tokens
 * it holds, as that of every release will. Between it and now lies most of what changed in the chart and
 * in the keeping of the CA.
 */
export const BEFORE_THE_FIRST_RELEASE = 'ee08ca495c8c09abc134401d3956c2c2763ba2b4';

/** The revision to upgrade from. */
export interface PreviousRevision {
  /** As git understands it. */
  readonly name: string;
  /** Why it is not here, and what to do about it. */
  readonly missing?: string;
}

/**
 * What users of the release before this one have: the newest tag of a release before HEAD, pre-releases
 * left out; before the first, the revision that stands for it. `PREVIOUS` names another one.
 */
export async function findPreviousRevision(
  environment: Environment,
  checkout: string = ROOT,
): Promise<PreviousRevision> {
  const named = environment['PREVIOUS'] || (await newestRelease(checkout));
  const name = named || BEFORE_THE_FIRST_RELEASE;
  try {
    await git(checkout, 'rev-parse', '--verify', `${name}^{commit}`);
    return { name };
  } catch {
    const advice = 'a clone gets its whole history by git fetch --unshallow --tags';
    return { name, missing: `there is no ${name} in the history here; ${advice}` };
  }
}

/** Its tag; `undefined` if there is none, or no history to look for one. */
async function newestRelease(checkout: string): Promise<string | undefined> {
  const only = ['--match', 'v[0-9]*', '--exclude', '*-*'];
  try {
    // The tag of HEAD itself may be the one that is just being released.
    return await git(checkout, 'describe', '--tags', '--abbrev=0', ...only, 'HEAD^');
  } catch {
    return undefined;
  }
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', args, { cwd });
  return stdout.trim();
}
