import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import type { AddressRanges } from './address-ranges.ts';
import { requestApi } from './api-request.ts';
import { type Component, startComponent } from './component.ts';
import type { Credentials } from './credentials.ts';
import { ETCD_URL } from './etcd.ts';
import { findFreePort } from './free-port.ts';
import type { Guardian } from './guardian.ts';

export interface ApiServerOptions {
  readonly guardian: Guardian;
  readonly command: string;
  readonly credentials: Credentials;
  readonly ranges: AddressRanges;
  /** Where the audit log goes; none is written without it. */
  readonly auditLogPath: string | undefined;
}

/** A running API server and where it is. */
export interface ApiServer extends Component {
  readonly port: number;
  readonly serverUrl: string;
  readonly caPem: string;
}

/** The API server's certificate and key, in the folder of the cluster. */
export const CERTIFICATE_PATH = join('pki', 'apiserver.crt');
export const KEY_PATH = join('pki', 'apiserver.key');

const HOST = '127.0.0.1';
const PORT_ATTEMPTS = 5;
/** Go's text for EADDRINUSE. */
const PORT_TAKEN = 'address already in use';

/** Starts the API server on a free port, and on another one if a program took that port first. */
export async function startApiServerOnFreePort(
  options: ApiServerOptions,
  findPort: () => Promise<number> = findFreePort,
): Promise<ApiServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startApiServer(options, await findPort());
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !describeError(error).includes(PORT_TAKEN)) throw error;
    }
  }
}

/** Starts the API server and waits for its `/readyz`. */
export async function startApiServer(options: ApiServerOptions, port: number): Promise<ApiServer> {
  const { guardian, command, credentials } = options;
  const serverUrl = `https://${HOST}:${port}`;
  const component = await startComponent({
    guardian,
    name: 'kube-apiserver',
    command,
    args: [...baseArguments(options, port), ...(await auditArguments(options))],
    isReady: async (signal) => {
      const caPem = await readCaPem(guardian);
      const access = { serverUrl, caPem, token: credentials.adminToken };
      return (await requestApi(access, '/readyz', { signal })).status === 200;
    },
  });
  return { ...component, port, serverUrl, caPem: await readCaPem(guardian) };
}

function baseArguments(options: ApiServerOptions, port: number): string[] {
  const { credentials, ranges } = options;
  return [
    `--etcd-servers=${ETCD_URL}`,
    `--bind-address=${HOST}`,
    `--advertise-address=${HOST}`,
    `--secure-port=${port}`,
    // Without a certificate there it makes one, for the first ClusterIP and the usual names too.
    '--cert-dir=pki',
    `--token-auth-file=${credentials.tokensPath}`,
    `--service-account-key-file=${credentials.serviceAccountPublicKeyPath}`,
    `--service-account-signing-key-file=${credentials.serviceAccountKeyPath}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--authorization-mode=Node,RBAC',
    // Beside the default plugins, as clusters are set up commonly.
    '--enable-admission-plugins=NodeRestriction',
    // Where the local node serves logs: no name leads to it, and its InternalIP is made up.
    '--kubelet-preferred-address-types=ExternalIP',
    `--kubelet-client-certificate=${CERTIFICATE_PATH}`,
    `--kubelet-client-key=${KEY_PATH}`,
    '--allow-privileged=true',
    // A ClusterIP is a loopback address, so a local process can be the Service's backend.
    `--service-cluster-ip-range=${ranges.serviceCidrPrefix}.0.0/16`,
    // The default reconciler refuses to publish a loopback address.
    '--endpoint-reconciler-type=none',
    // Without it open watches hold up a stop until the client gives up, over 10 s.
    '--shutdown-watch-termination-grace-period=100ms',
  ];
}

async function auditArguments({ guardian, auditLogPath }: ApiServerOptions): Promise<string[]> {
  if (!auditLogPath) return [];
  const policyPath = join(guardian.directory, 'audit-policy.json');
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  };
  await writeFile(policyPath, JSON.stringify(policy));
  return [
    `--audit-policy-file=${policyPath}`,
    `--audit-log-path=${auditLogPath}`,
    // One file, however long it gets.
    '--audit-log-maxsize=0',
  ];
}

/** The file that the API server makes holds its serving certificate, then the CA that signed it. */
async function readCaPem(guardian: Guardian): Promise<string> {
  const pem = await readFile(join(guardian.directory, CERTIFICATE_PATH), 'utf8');
  const [, caPem] = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
  if (!caPem) throw new Error('the API server has not written its certificate yet');
  return caPem;
}
