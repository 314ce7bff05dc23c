import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** Its objects in the release's namespace. */
export const CERT_MANAGER = `/apis/cert-manager.io/v1/namespaces/${PRODUCT_NAME}`;

/** As much of cert-manager as its API: one of its kinds. */
export function crdOf(kind: string): Manifest {
  const plural = `${kind.toLowerCase()}s`;
  return {
    metadata: { name: `${plural}.cert-manager.io` },
    spec: {
      group: 'cert-manager.io',
      names: { kind, plural },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  };
}
