/** The parts of Kubernetes objects that the local node reads, as the API server's JSON has them. */
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';

/** Metadata of an object that lives in a namespace and was read from the API server. */
export interface NamespacedMeta extends ObjectMeta {
  readonly namespace: string;
  readonly uid: string;
}

export interface Pod {
  readonly metadata: NamespacedMeta & {
    readonly generation?: number;
    readonly deletionGracePeriodSeconds?: number;
  };
  readonly spec: PodSpec;
  readonly status?: { readonly conditions?: readonly PodCondition[] };
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly serviceAccountName?: string;
  readonly restartPolicy?: RestartPolicy;
  readonly terminationGracePeriodSeconds?: number;
  readonly activeDeadlineSeconds?: number;
  readonly enableServiceLinks?: boolean;
  readonly hostname?: string;
  readonly hostNetwork?: boolean;
  readonly readinessGates?: readonly { readonly conditionType: string }[];
  readonly schedulingGates?: readonly unknown[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
}

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly EnvFrom[];
  readonly ports?: readonly ContainerPort[];
  readonly resources?: Resources;
  readonly volumeMounts?: readonly VolumeMount[];
  readonly volumeDevices?: readonly unknown[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly postStart?: Hook; readonly preStop?: Hook };
  /** `Always` on an init container makes it a sidecar. */
  readonly restartPolicy?: RestartPolicy;
  readonly restartPolicyRules?: readonly unknown[];
}

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly hostPort?: number;
}

/** Quantities by resource name, such as `cpu: 100m`. */
export interface Resources {
  readonly limits?: Readonly<Record<string, string>>;
  readonly requests?: Readonly<Record<string, string>>;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: FieldRef;
    readonly resourceFieldRef?: ResourceFieldRef;
    readonly configMapKeyRef?: KeyRef;
    readonly secretKeyRef?: KeyRef;
    readonly fileKeyRef?: unknown;
  };
}

export interface EnvFrom {
  readonly prefix?: string;
  readonly configMapRef?: NameRef;
  readonly secretRef?: NameRef;
}

export interface NameRef {
  readonly name: string;
  readonly optional?: boolean;
}

export interface KeyRef extends NameRef {
  readonly key: string;
}

export interface FieldRef {
  readonly fieldPath: string;
}

export interface ResourceFieldRef {
  readonly containerName?: string;
  readonly resource: string;
  readonly divisor?: string;
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  readonly subPath?: string;
  readonly subPathExpr?: string;
}

export interface Probe {
  readonly httpGet?: HttpGet;
  readonly tcpSocket?: { readonly host?: string; readonly port: string | number };
  readonly exec?: unknown;
  readonly grpc?: unknown;
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
  readonly terminationGracePeriodSeconds?: number;
}

export interface HttpGet {
  readonly host?: string;
  readonly path?: string;
  readonly port: string | number;
  readonly scheme?: string;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
}

export interface Hook {
  readonly sleep?: { readonly seconds: number };
  readonly exec?: unknown;
  readonly httpGet?: unknown;
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: unknown;
  readonly configMap?: FileSource & NameRef;
  readonly secret?: FileSource & { readonly secretName: string; readonly optional?: boolean };
  readonly downwardAPI?: {
    readonly defaultMode?: number;
    readonly items?: readonly DownwardFile[];
  };
  readonly projected?: {
    readonly defaultMode?: number;
    readonly sources?: readonly ProjectedSource[];
  };
}

/** Which keys of a ConfigMap or Secret become which files; all of them if `items` is absent. */
export interface FileSource {
  readonly defaultMode?: number;
  readonly items?: readonly {
    readonly key: string;
    readonly path: string;
    readonly mode?: number;
  }[];
}

export interface DownwardFile {
  readonly path: string;
  readonly mode?: number;
  readonly fieldRef?: FieldRef;
  readonly resourceFieldRef?: ResourceFieldRef;
}

export interface ProjectedSource {
  readonly configMap?: FileSource & NameRef;
  readonly secret?: FileSource & NameRef;
  readonly downwardAPI?: { readonly items?: readonly DownwardFile[] };
  readonly serviceAccountToken?: ServiceAccountTokenSource;
  readonly clusterTrustBundle?: unknown;
  readonly podCertificate?: unknown;
}

export interface ServiceAccountTokenSource {
  readonly audience?: string;
  readonly expirationSeconds?: number;
  readonly path: string;
}

export interface ConfigMap {
  readonly metadata: NamespacedMeta;
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Secret {
  readonly metadata: NamespacedMeta;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface Service {
  readonly metadata: NamespacedMeta;
  readonly spec: {
    readonly clusterIP?: string;
    readonly ports?: readonly ServicePort[];
  };
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
}

export interface EndpointSlice {
  readonly metadata: NamespacedMeta;
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?:
    | readonly {
        readonly name?: string;
        readonly port?: number;
        readonly protocol?: string;
      }[]
    | null;
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
}
