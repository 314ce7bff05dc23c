/**
 * The host, with its port, that a key of `auths` stands for: consumers take it with or without a scheme,
 * a path and a trailing slash (kubernetes `pkg/credentialprovider/keyring.go`, `Add`).
 */
export function registryHostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
