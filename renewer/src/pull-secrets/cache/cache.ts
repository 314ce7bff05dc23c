import { ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { listOf, objectOf, SCALAR, scalarsOf } from '@ecr-pull-secrets/shared/json/select-json.ts';
import { NAMESPACES_PATH, nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ReflectorHandler, ReflectorSettings } from '@ecr-pull-secrets/kube/reflector.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { isOlderVersion } from '@ecr-pull-secrets/kube/resource-version.ts';
import type { RenewerConfiguration } from '../../config/configuration.ts';
import { identityOf, type NamespaceIdentity, type NamespaceRole, roleOf } from './namespace-roles.ts';
import { PULL_SECRET_FIELDS, type PullSecretMetadata, readPullSecretMetadata } from './pull-secret-metadata.ts';
import { findOptInMistake, labelsOfMistakes, type OptInMistake } from './opt-in-mistake.ts';
import { optedInAt } from './opted-in-at.ts';
import { hasOptedIn, isTarget } from './target-namespaces.ts';

/** What is kept of a namespace: a few hundred bytes, even if its owner writes megabytes into it. */
interface CachedNamespace {
  readonly name: string;
  /** Whether it is not being deleted. */
  readonly isAlive: boolean;
  /** `undefined` if it is no target. */
  readonly identity: NamespaceIdentity | undefined;
  /** Why it is none, although somebody opted it in. */
  readonly mistake: OptInMistake | undefined;
  /** See `optedIn`. */
  readonly optedInAtMs: number | undefined;
}

/** What is kept of a pull secret; as small. */
interface CachedSecret {
  readonly namespace: string;
  readonly metadata: PullSecretMetadata;
}

/** Receives the changes of the cache, as an event handler of a client-go informer. */
export interface CacheEventHandler {
  /** A namespace, or its secret, was added or changed, or the secret was deleted. */
  readonly onChange: (namespace: string, object: 'namespace' | 'secret') => void;
  /** A namespace was deleted. */
  readonly onDelete: (namespace: string) => void;
  /** The result of `roles` changed: once for each list or watch event, when all of it is in the cache. */
  readonly onRolesChange: () => void;
}

export type PullSecretCacheSettings = Pick<
  RenewerConfiguration,
  'pullSecretName' | 'namespaceRule' | 'namespaceRoles'
> &
  Partial<Pick<RenewerConfiguration, 'missedPods'>>;

export type PullSecretCache = ReturnType<typeof createPullSecretCache>;

/** The namespaces and their pull secrets, as lists and watches report them; the only memory that grows with them. */
export function createPullSecretCache(settings: PullSecretCacheSettings) {
  const { pullSecretName, namespaceRule, namespaceRoles, missedPods } = settings;
  const targets = new Map<string, NamespaceIdentity>();
  const roleUsers = new Map<NamespaceRole, number>();
  const mistakes = new Map<string, OptInMistake>();
  const alive = new Set<string>();
  const optedIn = new Map<string, number>();
  const secrets = new Map<string, PullSecretMetadata>();
  const listed = { namespaces: false, secrets: false };
  let haveRolesChanged = false;
  let eventHandler: CacheEventHandler | undefined;

  function reduceNamespace({ metadata }: PartialObjectMetadata): CachedNamespace {
    const isIncluded = isTarget(metadata, namespaceRule);
    const isAlive = metadata.deletionTimestamp === undefined;
    return {
      name: metadata.name,
      isAlive,
      identity: isIncluded ? identityOf(metadata, namespaceRoles) : undefined,
      mistake: isAlive && !isIncluded ? findOptInMistake(metadata, namespaceRule) : undefined,
      optedInAtMs:
        missedPods && hasOptedIn(metadata, namespaceRule)
          ? (optedInAt(metadata.managedFields, namespaceRule.selector.requiredKeys) ?? 0)
          : undefined,
    };
  }

  function putNamespace({ name, isAlive, identity, mistake, optedInAtMs }: CachedNamespace): void {
    if (isAlive) alive.add(name);
    else alive.delete(name);
    if (mistake) mistakes.set(name, mistake);
    else mistakes.delete(name);
    if (optedInAtMs === undefined) optedIn.delete(name);
    else optedIn.set(name, optedInAtMs);
    setTarget(name, identity);
  }

  function setTarget(name: string, identity: NamespaceIdentity | undefined): void {
    const before = roleOf(targets.get(name));
    const after = roleOf(identity);
    if (identity) targets.set(name, identity);
    else targets.delete(name);
    if (before === after) return;
    if (before) changeUsers(before, -1);
    if (after) changeUsers(after, 1);
  }

  function changeUsers(role: NamespaceRole, by: 1 | -1): void {
    const users = (roleUsers.get(role) ?? 0) + by;
    if (users > 0) roleUsers.set(role, users);
    else roleUsers.delete(role);
    if (users === 0 || (users === 1 && by === 1)) haveRolesChanged = true;
  }

  function reportRoles(): void {
    if (!haveRolesChanged) return;
    haveRolesChanged = false;
    eventHandler?.onRolesChange();
  }

  function removeNamespace(name: string): void {
    setTarget(name, undefined);
    for (const each of [alive, mistakes, optedIn, secrets]) each.delete(name);
    eventHandler?.onDelete(name);
  }

  function isOutdated(namespace: string, { resourceVersion }: PullSecretMetadata): boolean {
    return isOlderVersion(resourceVersion, secrets.get(namespace)?.resourceVersion);
  }

  /** Ignores older versions: the watch repeats, later, what the response to our own write contained. */
  function putSecret(namespace: string, secret: PullSecretMetadata): void {
    if (!isOutdated(namespace, secret)) secrets.set(namespace, secret);
  }

  const namespaceHandler: ReflectorHandler<CachedNamespace> = {
    replace: (namespaces) => {
      const before = new Set([...alive, ...targets.keys()]);
      alive.clear();
      for (const namespace of namespaces) {
        before.delete(namespace.name);
        putNamespace(namespace);
      }
      for (const name of before) removeNamespace(name);
      listed.namespaces = true;
      reportRoles();
      for (const namespace of alive) eventHandler?.onChange(namespace, 'namespace');
    },
    upsert: (namespace) => {
      putNamespace(namespace);
      reportRoles();
      eventHandler?.onChange(namespace.name, 'namespace');
    },
    remove: ({ name }) => {
      removeNamespace(name);
      reportRoles();
    },
  };

  const secretHandler: ReflectorHandler<CachedSecret> = {
    replace: (found) => {
      secrets.clear();
      for (const { namespace, metadata } of found) putSecret(namespace, metadata);
      listed.secrets = true;
      for (const namespace of alive) eventHandler?.onChange(namespace, 'secret');
    },
    upsert: ({ namespace, metadata }) => {
      putSecret(namespace, metadata);
      eventHandler?.onChange(namespace, 'secret');
    },
    remove: ({ namespace, metadata }) => {
      if (!isOutdated(namespace, metadata)) secrets.delete(namespace);
      eventHandler?.onChange(namespace, 'secret');
    },
  };

  return {
    namespaceReflector: {
      path: NAMESPACES_PATH,
      metadataOnly: true,
      metadataFields: {
        labels: scalarsOf([...namespaceRule.selector.keys, ...labelsOfMistakes(namespaceRule)]),
        annotations: scalarsOf([ROLE_ARN_ANNOTATION]),
        ...(missedPods && { managedFields: labelOwners(namespaceRule.selector.requiredKeys) }),
      },
      reduce: reduceNamespace,
      handler: namespaceHandler,
    } satisfies ReflectorSettings<PartialObjectMetadata, CachedNamespace>,
    secretReflector: {
      path: secretsPath(),
      fieldSelector: nameSelector(pullSecretName),
      metadataOnly: true,
      metadataFields: PULL_SECRET_FIELDS,
      reduce: ({ metadata }: PartialObjectMetadata): CachedSecret => ({
        namespace: metadata.namespace ?? '',
        metadata: readPullSecretMetadata(metadata),
      }),
      handler: secretHandler,
    } satisfies ReflectorSettings<PartialObjectMetadata, CachedSecret>,
    setEventHandler: (handler: CacheEventHandler): void => {
      eventHandler = handler;
    },
    /** Whether both lists are complete: before, a secret that is not in the cache may exist. */
    isComplete: (): boolean => listed.namespaces && listed.secrets,
    /** Target namespaces, and other namespaces that have a secret of the name. */
    namespaces: (): Iterable<string> => new Set([...targets.keys(), ...secrets.keys()]),
    /**
     * The namespaces whose new pods get the name of the secret, each with `optedInAt`, or 0 if that is not known; empty
     * unless missed pods are looked for.
     */
    optedIn: (): ReadonlyMap<string, number> => optedIn,
    /** Whose credentials a namespace gets; `undefined` if it is no target. */
    target: (namespace: string) => targets.get(namespace),
    /** Why a namespace that somebody opted in is no target. */
    optInMistake: (namespace: string) => mistakes.get(namespace),
    /** Whether a namespace exists and is not being deleted. */
    isAlive: (namespace: string): boolean => alive.has(namespace),
    secret: (namespace: string) => secrets.get(namespace),
    /** Roles that some target uses. */
    roles: (): ReadonlySet<NamespaceRole> => new Set(roleUsers.keys()),
    /** Takes over the response to a write, before the watch reports it. */
    update: putSecret,
  };
}

function labelOwners(keys: readonly string[]) {
  const labels = scalarsOf(keys.map((key) => `f:${key}`));
  const fieldsV1 = objectOf({ 'f:metadata': objectOf({ 'f:labels': labels }) });
  return listOf(objectOf({ time: SCALAR, fieldsV1 }));
}
