import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { ExpectedReport } from '../explain/expect-report.ts';
import type { FailureName } from './matrix.ts';

type Report = Pick<ExpectedReport, 'lines' | 'run'>;

/** More of what `explain` says about failures, and the command that it ends with. */
export const REPORTS: Readonly<Partial<Record<FailureName, Report>>> = {
  'label-misspelt': {
    lines: [/problem +label .*has ecr-pull-secrets\.io\/inject=Enabled, but the webhook requires .*=enabled$/m],
    run: `kubectl label namespace misspelt ${INJECT_LABEL}=enabled --overwrite`,
  },
  'namespace-excluded': {
    lines: [/problem +namespace .*excludeNamespace \(left-out, other-\*\) excludes the namespace left-out$/m],
    run: `helm upgrade ${PRODUCT_NAME} ./chart --namespace ${PRODUCT_NAME} --reset-then-reuse-values --set-string excludeNamespace='other-*'`,
  },
  'pod-older-than-label': {
    lines: [
      /ok +webhook /,
      /problem +pod +the pod does not name .* probably before the namespace got its label \(20.*estimate/,
    ],
    run: 'kubectl get pod app --namespace late --output yaml | kubectl replace --force --filename -',
  },
  'other-type': {
    lines: [/problem +secret .* has the type Opaque, and the kubelet only uses kubernetes\.io\/dockerconfigjson/],
    run: 'kubectl delete secret ecr-pull-secret --namespace typed',
  },
  'registry-not-covered': {
    lines: [/ok +pod /, /problem +image .*no token in ecr-pull-secret covers the registry 999999999999\.dkr/],
    run: 'helm get values ecr-pull-secrets --namespace ecr-pull-secrets --all',
  },
  'no-such-image': {
    lines: [
      /ok +pod /,
      /problem +pull .* answered 404 \(Requested image not found\): there is no such image$/m,
      /^Run: aws ecr describe-images --registry-id 123456789012 .* --repository-name app --image-ids imageTag=2$/m,
    ],
  },
  'right-missing': {
    lines: [
      /ok +pod /,
      /problem +pull .* 403 \(.*\): the identity of the token lacks ecr:BatchGetImage on this repository$/m,
      /^Run: aws ecr get-repository-policy .* --repository-name team\/closed$/m,
    ],
  },
  'token-refused': {
    lines: [
      /ok +pod /,
      /problem +pull .* answered 401 \(Your Authorization Token is invalid\.\): the token does not log in/,
      /^Run: kubectl delete secret ecr-pull-secrets-tokens/m,
    ],
  },
};
