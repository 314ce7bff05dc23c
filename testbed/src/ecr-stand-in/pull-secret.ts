import { parseJson, propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';

/**
 * The credentials that a `kubernetes.io/dockerconfigjson` document holds for a registry host, as
 * base64 of `user:password`; `undefined` if there are none, or if the document is unreadable.
 *
 * The rules are the kubelet's: a key may carry a scheme, a trailing slash, `/v1/` or `/v2/`, and a
 * filled `auth` field beats `username` and `password`. Its wildcards in hosts and its paths are left
 * out: we write neither.
 *
 * Source: kubernetes `pkg/credentialprovider/keyring.go` (`Add`) and `config.go` (`UnmarshalJSON`).
 */
export function findCredentials(dockerConfigJson: string, host: string): string | undefined {
  const auths = propertyOf(parseJson(dockerConfigJson), 'auths');
  if (typeof auths !== 'object' || auths === null) return undefined;
  const entry: unknown = Object.entries(auths).find(([key]) => registryOfKey(key) === host)?.[1];
  const auth = propertyOf(entry, 'auth');
  if (typeof auth === 'string' && auth) return auth;
  const username = propertyOf(entry, 'username');
  const password = propertyOf(entry, 'password');
  if (typeof username !== 'string' || typeof password !== 'string') return undefined;
  return Buffer.from(`${username}:${password}`).toString('base64');
}

function registryOfKey(key: string): string {
  return key
    .replace(/^https?:\/\//, '')
    .replace(/^([^/]+)\/v[12]\//, '$1/')
    .replace(/\/$/, '');
}
