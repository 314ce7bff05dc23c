import type { AddressRanges } from './address-ranges.ts';
import type { ApiAccess } from './api-request.ts';
import { type ApiServer, startApiServer, startApiServerOnFreePort } from './api-server.ts';
import type { Binaries } from './binaries.ts';
import { startControllerManager } from './controller-manager.ts';
import { writeCredentials } from './credentials.ts';
import { startEtcd } from './etcd.ts';
import type { Guardian } from './guardian.ts';

export interface ControlPlaneOptions {
  readonly guardian: Guardian;
  readonly binaries: Binaries;
  readonly ranges: AddressRanges;
  readonly auditLogPath: string | undefined;
  readonly hasControllers: boolean;
}

/** etcd, kube-apiserver and, unless it is left out, kube-controller-manager, all ready. */
export interface ControlPlane {
  readonly admin: ApiAccess;
  /** The port, the certificate and the data stay. */
  restartApiServer(): Promise<void>;
  /** Stops all, the servers after their clients. */
  stop(): Promise<void>;
}

/** @throws if one of the three does not become ready; the others may be running then */
export async function startControlPlane({
  binaries,
  hasControllers,
  ...common
}: ControlPlaneOptions): Promise<ControlPlane> {
  const { guardian } = common;
  const credentials = await writeCredentials(guardian.directory);
  const apiServerOptions = { ...common, command: binaries['kube-apiserver'], credentials };
  // The API server waits for etcd by itself, and takes its time.
  const [etcd, firstApiServer] = await Promise.all([
    startEtcd(guardian, binaries.etcd),
    startApiServerOnFreePort(apiServerOptions),
  ]);
  const { serverUrl, caPem, port } = firstApiServer;
  const command = binaries['kube-controller-manager'];
  const access = { serverUrl, caPem, token: credentials.controllerManagerToken };
  const controllerManager = hasControllers
    ? await startControllerManager({ guardian, command, credentials, access })
    : undefined;

  let apiServer: ApiServer = firstApiServer;
  return {
    admin: { serverUrl, caPem, token: credentials.adminToken },
    restartApiServer: async () => {
      await apiServer.stop();
      apiServer = await startApiServer(apiServerOptions, port);
    },
    stop: async () => {
      for (const component of [controllerManager, apiServer, etcd]) await component?.stop();
    },
  };
}
