import type { Test } from 'tap';
import { ensureBinaries } from '../../src/local-cluster/binaries.ts';
import { startGuardian } from '../../src/local-cluster/guardian.ts';
import { createHelm, type Helm } from '../../src/local-cluster/helm.ts';
import { progressToStderr } from '../../src/local-cluster/progress.ts';

/** Helm for what needs no cluster, until the test is over. */
export async function startHelm(t: Pick<Test, 'teardown'>): Promise<Helm> {
  const { helm: command } = await ensureBinaries({
    progress: progressToStderr,
    environment: process.env,
  });
  const guardian = await startGuardian();
  t.teardown(() => guardian.close());
  return createHelm({ guardian, command, kubeconfigPath: '/nonexistent' });
}
