/** What shows a failure. A text in place of an alert or an Event is the reason why none of ours can exist. */
export interface Failure {
  /** As a person would say it. */
  readonly failure: string;
  /** The step of `explain` that finds it, and words of the step. */
  readonly explain: readonly [step: string, words: string];
  /** An alert of the chart whose expression becomes true, with labels that it must have. */
  readonly alert: { readonly name: string; readonly labels?: Readonly<Record<string, string>> } | string;
  /** The reason of an Event, and what it is about. */
  readonly event: { readonly reason: string; readonly about: 'Secret' | 'Pod' | 'Deployment' } | string;
}

const KUBELET_EVENT = 'of the kubelet, on the pod';

const NO_ALERT_OF_OURS =
  'none: only the node sees it, and kube-state-metrics counts it (`kube_pod_container_status_waiting_reason`)';

/** What must be seen of each failure (issue "What is wrong, at a glance"); docs/troubleshooting.md has it as a table. */
export const MATRIX = {
  'keys-wrong': {
    failure: 'The AWS keys are wrong',
    explain: ['secret', 'does not exist; the newest Event of the renewer: AwsRefusedToken'],
    alert: { name: 'EcrPullSecretsTokenMissing' },
    event: { reason: 'AwsRefusedToken', about: 'Deployment' },
  },
  'role-not-assumable': {
    failure: 'The role of a namespace cannot be assumed',
    explain: ['secret', 'does not exist; the newest Event of the renewer: RoleWithoutToken'],
    alert: { name: 'EcrPullSecretsNotWritten', labels: { state: 'without-token' } },
    event: { reason: 'RoleWithoutToken', about: 'Secret' },
  },
  'region-down': {
    failure: 'A region of AWS does not respond',
    explain: ['image', 'the newest Event of the renewer: AwsUnreachable'],
    alert: { name: 'EcrPullSecretsTokenMissing' },
    event: { reason: 'AwsUnreachable', about: 'Deployment' },
  },
  'registry-not-covered': {
    failure: 'No token covers the registry of an image',
    explain: ['image', 'add it to the chart value registries'],
    alert: { name: 'EcrPullSecretsRegistryNotCovered' },
    event: `${KUBELET_EVENT}; before it the warning "no token covers registry" to anyone who creates the pod`,
  },
  'label-misspelt': {
    failure: 'The label of the namespace is misspelt',
    explain: ['label', 'but the webhook requires the label ecr-pull-secrets.io/inject=enabled'],
    alert: { name: 'EcrPullSecretsOptInWithoutEffect', labels: { reason: 'LabelMisspelt' } },
    event: { reason: 'LabelMisspelt', about: 'Secret' },
  },
  'namespace-excluded': {
    failure: 'The namespace is excluded',
    explain: ['namespace', 'excludes the namespace'],
    alert: { name: 'EcrPullSecretsOptInWithoutEffect', labels: { reason: 'NamespaceExcluded' } },
    event: { reason: 'NamespaceExcluded', about: 'Secret' },
  },
  'other-type': {
    failure: 'A secret of that name has another type',
    explain: ['secret', 'has the type Opaque'],
    alert: { name: 'EcrPullSecretsNotWritten', labels: { state: 'refused' } },
    event: { reason: 'PullSecretRefused', about: 'Secret' },
  },
  'quota-full': {
    failure: 'The quota of the namespace is full',
    explain: ['secret', 'is not written because of a quota'],
    alert: { name: 'EcrPullSecretsNotWritten', labels: { state: 'refused' } },
    event: { reason: 'PullSecretRefused', about: 'Secret' },
  },
  'webhook-unreachable': {
    failure: 'The API server cannot connect to the webhook',
    explain: ['webhook', 'cannot connect to the webhook'],
    alert: { name: 'EcrPullSecretsFailOpen' },
    event: { reason: 'PodNotInjected', about: 'Pod' },
  },
  'ca-bundle-wrong': {
    failure: 'The `caBundle` is wrong',
    explain: ['webhook', 'the caBundle is wrong'],
    alert: { name: 'EcrPullSecretsFailOpen' },
    event: { reason: 'PodNotInjected', about: 'Pod' },
  },
  'certificate-expired': {
    failure: 'The certificate of the webhook has expired',
    explain: ['webhook', 'the certificate of the webhook is not valid'],
    alert: { name: 'EcrPullSecretsCertificateNotOk' },
    event: { reason: 'PodNotInjected', about: 'Pod' },
  },
  'pod-older-than-label': {
    failure: 'The pod is older than the label',
    explain: ['pod', 'probably before the namespace got its label'],
    alert: { name: 'EcrPullSecretsPodsMissed', labels: { reason: 'PodOlderThanLabel' } },
    event: { reason: 'PodOlderThanLabel', about: 'Pod' },
  },
  'token-refused': {
    failure: 'The token does not log in',
    explain: ['pull', 'the token does not log in'],
    alert: { name: 'EcrPullSecretsRegistryRefusesToken' },
    event: { reason: 'RegistryRefusedToken', about: 'Deployment' },
  },
  'no-such-image': {
    failure: 'The image does not exist',
    explain: ['pull', 'there is no such image'],
    alert: NO_ALERT_OF_OURS,
    event: KUBELET_EVENT,
  },
  'right-missing': {
    failure: 'The identity lacks `ecr:BatchGetImage`',
    explain: ['pull', 'the identity of the token lacks ecr:BatchGetImage'],
    alert: NO_ALERT_OF_OURS,
    event: KUBELET_EVENT,
  },
} as const satisfies Readonly<Record<string, Failure>>;

export type FailureName = keyof typeof MATRIX;

/** The table of the page. */
export function tableOf(matrix: Readonly<Record<string, Failure>>): readonly string[] {
  const rows = Object.values(matrix).map(({ failure, explain: [step, words], alert, event }) => [
    failure,
    `\`${step}\`: ${words}`,
    typeof alert === 'string' ? alert : `[${alert.name}](monitoring.md#${alert.name.toLowerCase()})${labelsOf(alert)}`,
    typeof event === 'string' ? event : `\`${event.reason}\`, ${event.about}`,
  ]);
  const head = ['failure', '`explain` says', 'alert', 'Event'];
  return [head, head.map(() => '---'), ...rows].map((cells) =>
    cells.every((cell) => cell === '---') ? `|${cells.join('|')}|` : `| ${cells.join(' | ')} |`,
  );
}

function labelsOf({ labels = {} }: { readonly labels?: Readonly<Record<string, string>> }): string {
  return Object.entries(labels)
    .map(([name, value]) => `, \`${name}="${value}"\``)
    .join('');
}
