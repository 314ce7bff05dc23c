import type { ConfigMap, Container, EnvVar, KeyRef, NameRef, Pod, Secret } from '../api/objects.ts';
import { type PodPlace, readField, readResource } from './downward-api.ts';
import { expandVariables } from './expansion.ts';

/** ConfigMaps and Secrets of the pod's namespace; `undefined` if there is none of that name. */
export interface NamespaceObjects {
  readonly configMap: (name: string) => Promise<ConfigMap | undefined>;
  readonly secret: (name: string) => Promise<Secret | undefined>;
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly place: PodPlace;
  readonly objects: NamespaceObjects;
  /** What kubelet adds about Services; the container's own variables win. */
  readonly serviceVariables: Readonly<Record<string, string>>;
}

/**
 * The variables that the pod's specification gives a container, and those of Services: `envFrom`
 * first, then `env` in order, each value's `$(NAME)` expanded from what came before it.
 * Source: `makeEnvironmentVariables` of kubelet.
 *
 * @throws if a ConfigMap, a Secret or a key that is not optional is missing
 */
export async function buildVariables(input: EnvironmentInput): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const source of input.container.envFrom ?? []) {
    const data = {
      ...(source.configMapRef && (await readConfigMap(source.configMapRef, input))),
      ...(source.secretRef && (await readSecret(source.secretRef, input))),
    };
    for (const [key, value] of Object.entries(data)) {
      variables[`${source.prefix ?? ''}${key}`] = value;
    }
  }
  for (const variable of input.container.env ?? []) {
    const value = await valueOf(variable, input, variables);
    if (value !== undefined) variables[variable.name] = value;
  }
  return { ...input.serviceVariables, ...variables };
}

async function valueOf(
  { value, valueFrom }: EnvVar,
  input: EnvironmentInput,
  earlier: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const { pod, place, container } = input;
  if (value) {
    return expandVariables(value, (name) => earlier[name] ?? input.serviceVariables[name]);
  }
  if (valueFrom?.fieldRef) return readField(valueFrom.fieldRef, pod, place);
  if (valueFrom?.resourceFieldRef) {
    return readResource(valueFrom.resourceFieldRef, pod, place, container);
  }
  if (valueFrom?.configMapKeyRef) {
    const reference = valueFrom.configMapKeyRef;
    return pick(await readConfigMap(reference, input), reference, 'ConfigMap');
  }
  if (valueFrom?.secretKeyRef) {
    const reference = valueFrom.secretKeyRef;
    return pick(await readSecret(reference, input), reference, 'Secret');
  }
  return '';
}

function pick(
  data: Readonly<Record<string, string>>,
  { key, name, optional }: KeyRef,
  kind: string,
): string | undefined {
  const value = data[key];
  if (value === undefined && !optional) {
    throw new Error(`couldn't find key ${key} in ${kind} ${name}`);
  }
  return value;
}

async function readConfigMap(
  { name, optional }: NameRef,
  { objects }: EnvironmentInput,
): Promise<Readonly<Record<string, string>>> {
  const configMap = await objects.configMap(name);
  if (!configMap && !optional) throw new Error(`configmap "${name}" not found`);
  return configMap?.data ?? {};
}

async function readSecret(
  { name, optional }: NameRef,
  { objects }: EnvironmentInput,
): Promise<Readonly<Record<string, string>>> {
  const secret = await objects.secret(name);
  if (!secret && !optional) throw new Error(`secret "${name}" not found`);
  const entries = Object.entries(secret?.data ?? {});
  return Object.fromEntries(entries.map(([key, base64]) => [key, Buffer.from(base64, 'base64').toString()]));
}
