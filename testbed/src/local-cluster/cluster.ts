import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { type AddressRanges, claimAddressRanges } from './address-ranges.ts';
import { type Binaries, ensureBinaries } from './binaries.ts';
import { startControlPlane } from './control-plane.ts';
import { type Guardian, startGuardian } from './guardian.ts';
import { createHelm, type Helm } from './helm.ts';
import { toKubeconfig } from './kubeconfig.ts';
import { type Progress, progressToStderr } from './progress.ts';
import { requireLinux } from './settings.ts';

export interface ClusterOptions {
  /** Receives the progress if binaries must be built. The default is standard error. */
  readonly progress?: Progress;
  /** Whether the API server writes an audit log of metadata level. The default is not. */
  readonly audit?: boolean;
  /** Whether the controllers run, without which a namespace costs one write in place of three. The default is yes. */
  readonly controllers?: boolean;
  /** Where settings are read from. The default is `process.env`. */
  readonly environment?: Environment;
}

/** A running Kubernetes control plane: etcd, kube-apiserver, kube-controller-manager. */
export interface LocalCluster extends AddressRanges {
  /** Everything that the cluster writes, `<component>.log` among it; gone after `close`. */
  readonly directory: string;
  /** Kubeconfig of an administrator. */
  readonly kubeconfigPath: string;
  /** `https://127.0.0.1:<port>`; the certificate is valid for the first ClusterIP too. */
  readonly serverUrl: string;
  readonly caPem: string;
  /** Bearer token of an administrator (group system:masters, to which RBAC does not apply). */
  readonly adminToken: string;
  /** One JSON event a line, written before the request is answered. */
  readonly auditLogPath: string | undefined;
  /** Owner of the cluster's processes, including those that stand in for pods. */
  readonly guardian: Guardian;
  readonly helm: Helm;
  /** Path of the Helm that `helm` runs. */
  readonly helmPath: string;
  /** Stops the API server and starts it again on the same port with the same data. */
  restartApiServer(): Promise<void>;
  /** Stops all in order and leaves nothing behind; a second call has no effect. */
  close(): Promise<void>;
}

/**
 * Starts a cluster. Several clusters at the same time do not affect each other. A cluster ends with this process at the
 * latest, however the process ends.
 *
 * @throws if the platform is not Linux, binaries are missing and cannot be built, or a component
 *   does not become ready (with the end of its log)
 */
export async function startCluster(options: ClusterOptions = {}): Promise<LocalCluster> {
  const { progress = progressToStderr, environment = process.env } = options;
  requireLinux(process.platform);
  const binaries = await ensureBinaries({ progress, environment });
  const guardian = await startGuardian();
  try {
    return await startIn(guardian, binaries, options);
  } catch (error) {
    await guardian.close();
    throw error;
  }
}

async function startIn(
  guardian: Guardian,
  binaries: Binaries,
  { audit = false, controllers: hasControllers = true }: ClusterOptions,
): Promise<LocalCluster> {
  const { directory } = guardian;
  const ranges = await claimAddressRanges(guardian);
  const auditLogPath = audit ? join(directory, 'audit.log') : undefined;
  const kubeconfigPath = join(directory, 'kubeconfig');
  const controlPlane = await startControlPlane({
    guardian,
    binaries,
    ranges,
    auditLogPath,
    hasControllers,
  });
  await writeFile(kubeconfigPath, toKubeconfig(controlPlane.admin), { mode: 0o600 });
  const { serverUrl, caPem, token: adminToken } = controlPlane.admin;
  return {
    ...ranges,
    directory,
    kubeconfigPath,
    serverUrl,
    caPem,
    adminToken,
    auditLogPath,
    guardian,
    helm: createHelm({ guardian, command: binaries.helm, kubeconfigPath }),
    helmPath: binaries.helm,
    restartApiServer: () => controlPlane.restartApiServer(),
    close: async () => {
      try {
        await controlPlane.stop();
      } finally {
        await guardian.close();
      }
    },
  };
}
