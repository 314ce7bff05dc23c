/** The fixed names that charts, tests and people depend on. */

/** Product, chart, default release, field manager and `app.kubernetes.io/managed-by`. */
export const PRODUCT_NAME = 'ecr-pull-secrets';

/** On a namespace `enabled` opts in; on a pod `disabled` opts out. */
export const INJECT_LABEL = 'ecr-pull-secrets.io/inject';

/** The label selector of namespaces that opted in, unless a setting says otherwise. */
export const DEFAULT_NAMESPACE_SELECTOR = `${INJECT_LABEL}=enabled`;

/** RFC 3339 instant at which the token in a written secret dies. */
export const EXPIRES_AT_ANNOTATION = 'ecr-pull-secrets.io/expires-at';

/** Whether we made the secret or found it there: `created` or `adopted`; unknown counts as adopted. */
export const ORIGIN_ANNOTATION = 'ecr-pull-secrets.io/origin';

/** On a secret of somebody else: `enabled` lets it be replaced by ours. */
export const TAKE_OVER_ANNOTATION = 'ecr-pull-secrets.io/take-over';

/** On a namespace: the role whose credentials it wants; counts only where the allow-list gives it. */
export const ROLE_ARN_ANNOTATION = 'ecr-pull-secrets.io/role-arn';

/** Of a written secret: RFC 3339 instant at which the newest of its tokens was got. */
export const RENEWED_AT_ANNOTATION = 'ecr-pull-secrets.io/renewed-at';

/** Of a written secret: which registries it holds and whose credentials, as a hash. */
export const PLAN_HASH_ANNOTATION = 'ecr-pull-secrets.io/plan-hash';

/** Of the checkpoint: hosts of the registries that its tokens are for, split by commas. Hosts are keys too. */
export const REGISTRIES_ANNOTATION = 'ecr-pull-secrets.io/registries';

/** Kubernetes' recommended label for "who manages this object". */
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';

/** The pull secret's name when `DOCKER_SECRET_NAME` is not set. */
export const DEFAULT_PULL_SECRET_NAME = 'ecr-pull-secret';

/** Where the renewer leaves the serving certificate for the webhook. */
export const DEFAULT_TLS_DIR = '/run/ecr-pull-secrets/tls';

/** What the renewer knows and the webhook may say, beside the certificate in `TLS_DIR`. */
export const FACTS_FILE = 'facts.json';

/** Prefix of every metric. */
export const METRIC_PREFIX = 'ecr_pull_secrets_';
