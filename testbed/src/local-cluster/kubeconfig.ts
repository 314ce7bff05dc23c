import type { ApiAccess } from './api-request.ts';

/** A kubeconfig for one user of one cluster, as JSON, which is YAML too. */
export function toKubeconfig({ serverUrl, caPem, token }: ApiAccess): string {
  const name = 'local';
  const caData = Buffer.from(caPem).toString('base64');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: serverUrl, 'certificate-authority-data': caData } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  return `${JSON.stringify(kubeconfig, undefined, 2)}\n`;
}
