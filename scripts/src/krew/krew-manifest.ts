import { PLUGIN_FILE } from './plugin-files.ts';

/** The name in the index of krew, and of the file of the manifest. */
export const PLUGIN_NAME = 'ecr-pull-secrets';

export interface KrewRelease {
  /** Without `v`. */
  readonly version: string;
  /** On GitHub, as `owner/name`. */
  readonly repository: string;
  /** Of the archive, in hexadecimal digits. */
  readonly sha256: string;
}

/** The name of the archive of a version. */
export function archiveName(version: string): string {
  return `${PLUGIN_FILE}-${version}.tar.gz`;
}

/** The manifest for https://github.com/kubernetes-sigs/krew-index. One archive is for every platform. */
export function krewManifest({ version, repository, sha256 }: KrewRelease): string {
  return `apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: ${PLUGIN_NAME}
spec:
  version: v${version}
  homepage: https://github.com/${repository}
  shortDescription: Explain why a pod cannot pull from Amazon ECR
  description: |
    Explains step by step whether the pods of a namespace get the pull secret of ecr-pull-secrets, and whether a pod can
    pull its images with it, and ends with the command to run next. It changes nothing and prints no secret.

    The command status does the same for the installation of ecr-pull-secrets and for all namespaces.

      kubectl ecr-pull-secrets status
      kubectl ecr-pull-secrets explain NAMESPACE
      kubectl ecr-pull-secrets explain NAMESPACE/POD
  caveats: |
    * It needs Node.js 24 or newer on the PATH.
    * It does not read the global options of kubectl: set KUBECONFIG, or change the current context.
  platforms:
    - selector:
        matchExpressions:
          - key: os
            operator: In
            values: [linux, darwin]
      uri: https://github.com/${repository}/releases/download/v${version}/${archiveName(version)}
      sha256: ${sha256}
      bin: ${PLUGIN_FILE}
`;
}
