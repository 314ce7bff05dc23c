import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';

/** The parts of Kubernetes objects that `explain` and `status` read. */

export interface Namespace {
  readonly metadata: ObjectMeta;
}

interface Reference {
  readonly name?: string;
}

export interface Pod {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly imagePullSecrets?: readonly Reference[];
    readonly containers?: readonly { readonly image?: string }[];
    readonly nodeName?: string;
    readonly tolerations?: readonly unknown[];
  };
}

export interface ServiceAccount {
  readonly imagePullSecrets?: readonly Reference[];
}

export interface Secret {
  readonly metadata: ObjectMeta;
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key?: string;
    readonly operator?: string;
    readonly values?: readonly string[];
  }[];
}

export interface Webhook {
  readonly name: string;
  readonly failurePolicy?: string;
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly matchConditions?: readonly { readonly name: string }[];
  readonly clientConfig?: {
    readonly caBundle?: string;
    readonly service?: { readonly name?: string; readonly namespace?: string; readonly port?: number };
  };
}

/** A MutatingAdmissionPolicy, or a ValidatingAdmissionPolicy, which has no mutations. */
export interface AdmissionPolicy {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly failurePolicy?: string;
    readonly matchConstraints?: Pick<Webhook, 'namespaceSelector' | 'objectSelector'>;
    readonly matchConditions?: readonly { readonly name: string; readonly expression?: string }[];
    readonly mutations?: readonly unknown[];
  };
}

/** A binding of one of both. */
export interface AdmissionPolicyBinding {
  readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] };
}

export interface WebhookConfiguration {
  readonly metadata: ObjectMeta;
  readonly webhooks?: readonly Webhook[];
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

export interface Service {
  readonly spec: { readonly clusterIP?: string };
}

export interface PodTemplate {
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly containers: readonly Container[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly secret?: { readonly secretName?: string };
      readonly configMap?: { readonly name?: string };
    }[];
  };
}

export interface Deployment {
  readonly spec: { readonly replicas?: number; readonly template: PodTemplate };
  readonly status?: { readonly readyReplicas?: number; readonly updatedReplicas?: number };
}

export interface Event {
  /** `Normal` or `Warning`. */
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string;
}

/** The names of pull secrets, in their order. */
export function namesOf(references: readonly Reference[] = []): readonly string[] {
  return references.flatMap(({ name }) => name ?? []);
}
