import { createKeyring } from '@ecr-pull-secrets/shared/keyring.ts';
import { DOCKER_CONFIG_KEY } from '@ecr-pull-secrets/renewer/pull-secrets/cache/pull-secret-metadata.ts';
import { memberOf, textIn } from '@ecr-pull-secrets/renewer/pull-secrets/foreign/read-auths.ts';
import { parseJson } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';
import type { Secret } from '../cluster/objects.ts';

/** The credentials of one key of a pull secret. Never printed. */
export interface Credential {
  readonly key: string;
  /** base64 of `user:password`. */
  readonly basic: string;
}

const DOCKER_CONFIG_TYPE = 'kubernetes.io/dockerconfigjson';
const OLD_TYPE = 'kubernetes.io/dockercfg';
const OLD_KEY = '.dockercfg';

/** Whether the kubelet reads a secret of this type for pulls. */
export function isPullSecretType(type: string | undefined): boolean {
  return type === DOCKER_CONFIG_TYPE || type === OLD_TYPE;
}

/** The credentials in a secret; none if it is of another type; `undefined` if its content is not readable. */
export function credentialsIn({ type, data = {} }: Secret): readonly Credential[] | undefined {
  if (!isPullSecretType(type)) return [];
  const isOld = type === OLD_TYPE;
  const text = Buffer.from(data[isOld ? OLD_KEY : DOCKER_CONFIG_KEY] ?? '', 'base64').toString();
  const document = parseJson(text);
  return document === undefined ? undefined : credentialsOf(isOld ? document : memberOf(document, 'auths'));
}

/** The credentials in the text of a docker config; `undefined` if it is not readable. */
export function credentialsInText(text: string): readonly Credential[] | undefined {
  const document = parseJson(text);
  return document === undefined ? undefined : credentialsOf(memberOf(document, 'auths'));
}

function credentialsOf(auths: unknown): readonly Credential[] {
  if (typeof auths !== 'object' || auths === null) return [];
  return Object.entries(auths).flatMap(([key, entry]) => credentialOf(key, entry) ?? []);
}

/** A filled `auth` replaces user name and password (kubernetes `pkg/credentialprovider/config.go`). */
function credentialOf(key: string, entry: unknown): Credential | undefined {
  const auth = textIn(entry, 'auth');
  if (auth) return { key, basic: auth };
  const [username, password] = [textIn(entry, 'username'), textIn(entry, 'password')];
  if (username === undefined || password === undefined) return undefined;
  return { key, basic: Buffer.from(`${username}:${password}`).toString('base64') };
}

/** A credential and the secret that has it. */
export interface Candidate extends Credential {
  readonly secretName: string;
}

/**
 * The credentials that the kubelet tries for an image, in its order: keys in reverse alphabetical order, so that longer
 * paths come first, and for the same key in the order of the secrets (kubernetes `pkg/credentialprovider/keyring.go`).
 *
 * @param imageName - in full, without tag and digest
 */
export function candidatesFor(
  imageName: string,
  secrets: readonly (readonly [name: string, credentials: readonly Credential[]])[],
): readonly Candidate[] {
  return secrets
    .flatMap(([secretName, credentials]) => credentials.map((credential) => ({ ...credential, secretName })))
    .filter(({ key }) => createKeyring([key])(imageName))
    .toSorted((one, other) => compareText(indexOf(other.key), indexOf(one.key)));
}

/** A key as the kubelet sorts it: host and path. */
function indexOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/^([^/]+)\/v[12](?=\/)/, '$1');
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
