import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { findOnPath } from '@ecr-pull-secrets/testbed/local-cluster/executable.ts';
import { BEFORE_THE_FIRST_RELEASE, findPreviousRevision } from './support/previous-revision.ts';

const hasGit = await findOnPath('git', process.env['PATH'] ?? '');
const skip = hasGit ? false : 'git is not on the PATH';

/** A developer's git may sign, or name its branches otherwise. */
const ENVIRONMENT = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
};

async function makeFolder(t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'previous-revision-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

async function git(cwd: string, ...args: readonly string[]): Promise<void> {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  await promisify(execFile)('git', [...who, ...args], { cwd, env: ENVIRONMENT });
}

/** A history of one commit for each list of tags. */
async function makeHistory(t: Pick<Test, 'teardown'>, ...tags: readonly (readonly string[])[]): Promise<string> {
  const folder = await makeFolder(t);
  await git(folder, 'init', '--quiet');
  for (const names of tags) {
    await git(folder, 'commit', '--quiet', '--allow-empty', '--message', 'a change');
    for (const name of names) await git(folder, 'tag', name);
  }
  return folder;
}

t.test('it is the newest release before what is checked out', { skip }, async (t) => {
  const released = await makeHistory(t, ['v0.9.0'], ['v0.10.0'], ['v1.0.0-rc.1'], ['v1.0.0']);
  t.strictSame(await findPreviousRevision({}, released), { name: 'v0.10.0' });
  const later = await makeHistory(t, ['v0.9.0'], ['v0.10.0', 'nightly'], [], []);
  t.strictSame(await findPreviousRevision({}, later), { name: 'v0.10.0' });
  t.strictSame(await findPreviousRevision({ PREVIOUS: 'v0.9.0' }, later), { name: 'v0.9.0' });
});

t.test('before the first release it is the one that stands for it', { skip }, async (t) => {
  const unreleased = await makeHistory(t, [], ['nightly'], ['v0.1.0']);
  t.match(await findPreviousRevision({}, unreleased), { name: BEFORE_THE_FIRST_RELEASE });
});

t.test('if the history is not there it says what to do', { skip }, async (t) => {
  const released = await makeHistory(t, ['v0.1.0'], ['v0.2.0']);
  const shallow = join(await makeFolder(t), 'clone');
  await git(released, 'clone', '--quiet', '--depth=1', `file://${released}`, shallow);
  for (const folder of [shallow, await makeFolder(t)]) {
    const { missing } = await findPreviousRevision({}, folder);
    t.match(missing, 'git fetch --unshallow --tags');
  }
});
