/** The fixed names that charts, tests and people depend on. */

/** The product, the chart, the default release, the field manager and `app.kubernetes.io/managed-by`. */
export const PRODUCT_NAME = 'ecr-pull-secrets';

/** `enabled` on a namespace opts in; `disabled` on a pod opts out. */
export const INJECT_LABEL = 'ecr-pull-secrets.io/inject';

/** The default label selector of namespaces that opted in. */
export const DEFAULT_NAMESPACE_SELECTOR = `${INJECT_LABEL}=enabled`;

/** On a pull secret: when its token expires (RFC 3339). */
export const EXPIRES_AT_ANNOTATION = 'ecr-pull-secrets.io/expires-at';

/** On a pull secret: `created` if we created it, `adopted` if it existed before; unknown counts as adopted. */
export const ORIGIN_ANNOTATION = 'ecr-pull-secrets.io/origin';

/** On a secret that is not ours: `enabled` allows us to replace it. */
export const TAKE_OVER_ANNOTATION = 'ecr-pull-secrets.io/take-over';

/** On a namespace: the role for its credentials; only effective if the allow-list contains both. */
export const ROLE_ARN_ANNOTATION = 'ecr-pull-secrets.io/role-arn';

/** On a pull secret: when the newest of its tokens was obtained (RFC 3339). */
export const RENEWED_AT_ANNOTATION = 'ecr-pull-secrets.io/renewed-at';

/** On a pull secret: a hash of its registries and of the identities of their credentials. */
export const PLAN_HASH_ANNOTATION = 'ecr-pull-secrets.io/plan-hash';

/** On the checkpoint: the registry hosts of its tokens, separated by commas. Hosts are keys too. */
export const REGISTRIES_ANNOTATION = 'ecr-pull-secrets.io/registries';

/** On the checkpoint: the registry, the role and the dates of each of its tokens, as JSON, for `status`. */
export const TOKENS_ANNOTATION = 'ecr-pull-secrets.io/tokens';

/** Kubernetes' recommended label for the tool that manages an object. */
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';

/** The name of the pull secret if `DOCKER_SECRET_NAME` is not set. */
export const DEFAULT_PULL_SECRET_NAME = 'ecr-pull-secret';

/** Where the renewer writes the serving certificate for the webhook. */
export const DEFAULT_TLS_DIR = '/run/ecr-pull-secrets/tls';

/** The file in `TLS_DIR` from which the webhook makes its warnings; see `renewer-facts.ts`. */
export const FACTS_FILE = 'facts.json';

/** The prefix of every metric. */
export const METRIC_PREFIX = 'ecr_pull_secrets_';
