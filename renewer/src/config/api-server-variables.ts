import { delimiter, join } from 'node:path';
import { parsedBy, port } from '@ecr-pull-secrets/shared/configuration.ts';
import * as z from 'zod';

/** Where the API server is, and the credentials for it. */
export const apiServerVariables = {
  SERVICE_ACCOUNT_DIR: z.string().default('/var/run/secrets/kubernetes.io/serviceaccount').meta({
    description: 'Directory of the ServiceAccount’s `token` and `ca.crt`.',
    example: '/var/run/secrets/kubernetes.io/serviceaccount',
  }),
  KUBERNETES_SERVICE_HOST: z.string().optional().meta({
    description:
      'Address of the API server, which Kubernetes sets in each container. If this is not set, the command reads a kubeconfig.',
    example: '10.96.0.1',
  }),
  KUBERNETES_SERVICE_PORT: port.default(443).meta({
    description: 'Port of the API server, which Kubernetes sets in each container.',
    example: '443',
  }),
  KUBECONFIG: parsedBy(parseFileList).optional().meta({
    description:
      'Outside a cluster, the path of a kubeconfig, or several paths separated by `:`, which are merged as kubectl merges them.',
    example: '/etc/kubernetes/admin.conf',
  }),
  HOME: z.string().default('/').meta({
    description: 'Outside a cluster, the command reads `.kube/config` in this directory if `KUBECONFIG` is not set.',
    example: '/',
  }),
};

/** How to reach the API server: from inside the cluster, or by a kubeconfig. */
export type ApiServer =
  | { readonly host: string; readonly port: number; readonly serviceAccountDir: string }
  | { readonly kubeconfigs: readonly string[] };

export function apiServerOf(variables: z.output<z.ZodObject<typeof apiServerVariables>>): ApiServer {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT, SERVICE_ACCOUNT_DIR } = variables;
  if (host === undefined) {
    return { kubeconfigs: variables.KUBECONFIG ?? [join(variables.HOME, '.kube', 'config')] };
  }
  return { host, port: KUBERNETES_SERVICE_PORT, serviceAccountDir: SERVICE_ACCOUNT_DIR };
}

/** As clientcmd splits KUBECONFIG: empty entries do not count, and each file counts once. */
function parseFileList(text: string): readonly string[] {
  const paths = new Set(text.split(delimiter).filter((path) => path !== ''));
  if (paths.size === 0) throw new Error('names no file');
  return Object.freeze([...paths]);
}
