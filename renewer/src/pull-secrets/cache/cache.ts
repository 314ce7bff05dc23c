import { ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { scalarsOf } from '@ecr-pull-secrets/shared/json/select-json.ts';
import type { ListWatchHandler } from '@ecr-pull-secrets/kube/reflector.ts';
import type { PartialObject } from '@ecr-pull-secrets/kube/objects.ts';
import type { MetadataFields } from '@ecr-pull-secrets/kube/read-json.ts';
import {
  identityOf,
  type NamespaceIdentity,
  type NamespaceRole,
  roleOf,
} from './namespace-roles.ts';
import {
  PULL_SECRET_FIELDS,
  type PullSecretMetadata,
  readPullSecretMetadata,
} from './pull-secret-metadata.ts';
import { isTarget, type NamespaceRule } from './target-namespaces.ts';

/** What is kept of a namespace: a few hundred bytes, whatever its owner writes into it. */
interface SeenNamespace {
  readonly name: string;
  /** Whether it is not being deleted. */
  readonly isAlive: boolean;
  /** `undefined` if it is no target. */
  readonly identity: NamespaceIdentity | undefined;
}

/** What is kept of a pull secret; as small. */
interface SeenSecret {
  readonly namespace: string;
  readonly state: PullSecretMetadata;
}

/** How to follow a collection; see `ReflectorOptions`. */
export interface Following<R> {
  readonly metadataFields: MetadataFields;
  readonly reduce: (object: PartialObject) => R;
  readonly handler: ListWatchHandler<R>;
}

/** What is known of namespaces and their pull secrets; the memory of the controller, and all of it. */
export interface PullSecretCache {
  readonly ofNamespaces: Following<SeenNamespace>;
  readonly ofSecrets: Following<SeenSecret>;
  /** Whether both lists are there: before, an absent secret may only be unknown. */
  isComplete(): boolean;
  /** Target namespaces, and namespaces that are none but have a secret of the name. */
  namespaces(): Iterable<string>;
  /** Whose credentials a namespace is to have; `undefined` where it is no target. */
  target(namespace: string): NamespaceIdentity | undefined;
  /** Whether a namespace is there and not being deleted. */
  isAlive(namespace: string): boolean;
  secret(namespace: string): PullSecretMetadata | undefined;
  /** Roles that some target uses. */
  roles(): ReadonlySet<NamespaceRole>;
  /** Takes over what the answer to a write said, before the watch says it. */
  learn(namespace: string, state: PullSecretMetadata): void;
}

export interface PullSecretCacheOptions {
  readonly rule: NamespaceRule;
  readonly allowedRoles: readonly NamespaceRole[];
  /** Told of each namespace about which something new is known, and whether it is news of its secret. */
  readonly changed: (namespace: string, cause: 'namespace' | 'secret') => void;
  /** Told of each namespace that is not there any more. */
  readonly gone: (namespace: string) => void;
  /** Told when `roles` changed: once for each piece of news, after all of it is known. */
  readonly rolesChanged: () => void;
}

/** One object for all that have nothing of their own: there may be ten thousand. */
const DEFAULT_IDENTITY: NamespaceIdentity = Object.freeze({ kind: 'default' });

export function createPullSecretCache(options: PullSecretCacheOptions): PullSecretCache {
  const { rule, allowedRoles, changed, gone, rolesChanged } = options;
  const targets = new Map<string, NamespaceIdentity>();
  const roleUsers = new Map<NamespaceRole, number>();
  const alive = new Set<string>();
  const secrets = new Map<string, PullSecretMetadata>();
  const listed = { namespaces: false, secrets: false };
  let areRolesNews = false;

  function reduceNamespace({ metadata }: PartialObject): SeenNamespace {
    return {
      name: metadata.name,
      isAlive: metadata.deletionTimestamp === undefined,
      identity: isTarget(metadata, rule) ? identityOf(metadata, allowedRoles) : undefined,
    };
  }

  function putNamespace({ name, isAlive, identity }: SeenNamespace): void {
    if (isAlive) alive.add(name);
    else alive.delete(name);
    setTarget(name, identity);
  }

  function setTarget(name: string, identity: NamespaceIdentity | undefined): void {
    const before = roleOf(targets.get(name));
    const after = roleOf(identity);
    if (identity) targets.set(name, identity.kind === 'default' ? DEFAULT_IDENTITY : identity);
    else targets.delete(name);
    // Namespaces change for many reasons, and others' roles are no news.
    if (before === after) return;
    if (before) changeUsers(before, -1);
    if (after) changeUsers(after, 1);
  }

  function changeUsers(role: NamespaceRole, by: 1 | -1): void {
    const users = (roleUsers.get(role) ?? 0) + by;
    if (users > 0) roleUsers.set(role, users);
    else roleUsers.delete(role);
    if (users === 0 || (users === 1 && by === 1)) areRolesNews = true;
  }

  function tellRoles(): void {
    if (!areRolesNews) return;
    areRolesNews = false;
    rolesChanged();
  }

  function forget(name: string): void {
    setTarget(name, undefined);
    alive.delete(name);
    secrets.delete(name);
    gone(name);
  }

  /** Newer news only: the watch repeats, later, what the answer to our own write already told. */
  function putSecret(namespace: string, state: PullSecretMetadata): void {
    const known = secrets.get(namespace);
    if (!known || !isOlder(state.resourceVersion, known.resourceVersion)) {
      secrets.set(namespace, state);
    }
  }

  function removeSecret(namespace: string, version: string): void {
    const known = secrets.get(namespace);
    if (known && !isOlder(version, known.resourceVersion)) secrets.delete(namespace);
  }

  return {
    ofNamespaces: {
      metadataFields: {
        labels: scalarsOf(rule.selector.keys),
        annotations: scalarsOf([ROLE_ARN_ANNOTATION]),
      },
      reduce: reduceNamespace,
      handler: {
        replace: (namespaces) => {
          const before = new Set([...alive, ...targets.keys()]);
          alive.clear();
          for (const namespace of namespaces) {
            before.delete(namespace.name);
            putNamespace(namespace);
          }
          for (const name of before) forget(name);
          listed.namespaces = true;
          tellRoles();
          for (const namespace of alive) changed(namespace, 'namespace');
        },
        upsert: (namespace) => {
          putNamespace(namespace);
          tellRoles();
          changed(namespace.name, 'namespace');
        },
        remove: ({ name }) => {
          forget(name);
          tellRoles();
        },
      },
    },
    ofSecrets: {
      metadataFields: PULL_SECRET_FIELDS,
      reduce: ({ metadata }) => ({
        namespace: metadata.namespace ?? '',
        state: readPullSecretMetadata(metadata),
      }),
      handler: {
        replace: (seen) => {
          secrets.clear();
          for (const { namespace, state } of seen) putSecret(namespace, state);
          listed.secrets = true;
          for (const namespace of alive) changed(namespace, 'secret');
        },
        upsert: ({ namespace, state }) => {
          putSecret(namespace, state);
          changed(namespace, 'secret');
        },
        remove: ({ namespace, state }) => {
          removeSecret(namespace, state.resourceVersion);
          changed(namespace, 'secret');
        },
      },
    },
    isComplete: () => listed.namespaces && listed.secrets,
    namespaces: () => new Set([...targets.keys(), ...secrets.keys()]),
    target: (namespace) => targets.get(namespace),
    isAlive: (namespace) => alive.has(namespace),
    secret: (namespace) => secrets.get(namespace),
    roles: () => new Set(roleUsers.keys()),
    learn: putSecret,
  };
}

/** Versions of one kind of object are numbers that grow (KEP-5504). */
function isOlder(version: string, than: string): boolean {
  return /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
}
