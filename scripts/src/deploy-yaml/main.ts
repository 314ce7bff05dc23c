/** `npm run deploy-yaml`: writes the file at the root anew from the chart. */
import { writeFile } from 'node:fs/promises';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { ensureBinaries } from '@ecr-pull-secrets/testbed/local-cluster/binaries.ts';
import { startGuardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { createHelm } from '@ecr-pull-secrets/testbed/local-cluster/helm.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import { DEPLOY_YAML, renderDeployYaml } from './render.ts';

try {
  const { helm: command } = await ensureBinaries({
    progress: progressToStderr,
    environment: process.env,
  });
  const guardian = await startGuardian();
  try {
    const helm = createHelm({ guardian, command, kubeconfigPath: '/nonexistent' });
    await writeFile(DEPLOY_YAML, await renderDeployYaml(helm));
  } finally {
    await guardian.close();
  }
} catch (error) {
  process.stderr.write(`deploy.yaml is not made: ${describeError(error)}\n`);
  process.exitCode = 1;
}
