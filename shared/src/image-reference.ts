/** The registry of an image name without a host. */
const DEFAULT_REGISTRY = 'docker.io';

/** Its former name, which is still valid. */
const LEGACY_DEFAULT_REGISTRY = 'index.docker.io';

/**
 * The registry host of an image reference, with its port if there is one.
 *
 * The first path segment is a host if a `/` follows it and it contains `.` or `:`, is `localhost`
 * or contains a capital letter, which no path may contain; otherwise the registry is docker.io. So `host:443` without
 * a path is an image named `host` with the tag `443`.
 *
 * Source: distribution/reference `splitDockerDomain`, which the kubelet uses too.
 */
export function registryOf(image: string): string {
  const slash = image.indexOf('/');
  if (slash === -1) return DEFAULT_REGISTRY;
  const first = image.slice(0, slash);
  if (first === LEGACY_DEFAULT_REGISTRY) return DEFAULT_REGISTRY;
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  return isHost ? first : DEFAULT_REGISTRY;
}

/**
 * The full name of an image, without tag and digest, by which the kubelet finds credentials.
 *
 * Source: kubernetes `pkg/util/parsers/parsers.go` (`ParseImageName`).
 */
export function fullNameOf(image: string): string {
  const registry = registryOf(image);
  const name = image.replace(/@.*$/s, '').replace(/:[^:/]*$/, '');
  const path =
    /^(?:index\.)?docker\.io\//.test(name) || registry !== DEFAULT_REGISTRY ? name.slice(name.indexOf('/') + 1) : name;
  const isOfficial = registry === DEFAULT_REGISTRY && !path.includes('/');
  return `${registry}/${isOfficial ? 'library/' : ''}${path}`;
}

/** A registry host without its port; IPv6 brackets stay. */
export function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}
