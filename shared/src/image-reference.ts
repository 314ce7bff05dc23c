/** The registry that an image name without a host means. */
const DEFAULT_REGISTRY = 'docker.io';

/** Its name of old, which still means the same. */
const LEGACY_DEFAULT_REGISTRY = 'index.docker.io';

/**
 * The registry host of an image reference, with its port where one is written.
 *
 * The first path segment is a host when a `/` follows it and it contains `.` or `:`, is `localhost`
 * or has a capital, which no path may have; otherwise the image lives on docker.io. So `host:443` without a path is an image
 * named `host` with the tag `443`.
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
 * The full name of an image, without tag and digest, by which the kubelet looks for credentials.
 *
 * Source: kubernetes `pkg/util/parsers/parsers.go` (`ParseImageName`).
 */
export function fullNameOf(image: string): string {
  const registry = registryOf(image);
  const name = image.replace(/@.*$/s, '').replace(/:[^:/]*$/, '');
  const path =
    /^(?:index\.)?docker\.io\//.test(name) || registry !== DEFAULT_REGISTRY
      ? name.slice(name.indexOf('/') + 1)
      : name;
  const isOfficial = registry === DEFAULT_REGISTRY && !path.includes('/');
  return `${registry}/${isOfficial ? 'library/' : ''}${path}`;
}

/** A registry host without its port; IPv6 brackets stay. */
export function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}
