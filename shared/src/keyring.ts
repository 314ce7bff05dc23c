import { matchesWildcards } from './wildcards.ts';

/** Whether some key of a pull secret covers an image, given by its full name without tag and digest. */
export type Keyring = (imageName: string) => boolean;

/** A key, or an image's name, as the kubelet reads it. */
interface Address {
  /** Without brackets if there is a port. */
  readonly host: string;
  /** The parts of the host. */
  readonly labels: readonly string[];
  /** As text; empty if there is none, which is not 443. */
  readonly port: string;
  readonly path: string;
}

/**
 * Does what the kubelet does with the keys of a pull secret (`pkg/credentialprovider/keyring.go`, `Add` and
 * `URLsMatch`, v1.37.2): `e2e/test/keyring.test.ts` holds both against each other. Two things are left out, because no
 * configuration has such keys: classes of characters (`[a-z]`) as wildcards, and `index.docker.io` for images
 * without a host.
 */
export function createKeyring(keys: readonly string[]): Keyring {
  const read = keys.flatMap((key) => readKey(key) ?? []);
  // Most keys have no wildcard, and a pod of many images is not compared with each of them.
  const exact = Map.groupBy(read, ({ host }) => host);
  const globs = read.filter(({ host }) => host.includes('*'));
  return (imageName) => {
    const image = readAddress(imageName);
    if (!image) return false;
    const candidates = [
      ...(exact.get(image.host) ?? []),
      ...globs.filter(({ labels }) => matchesHost(labels, image.labels)),
    ];
    return candidates.some(({ port, path }) => port === image.port && image.path.startsWith(path));
  };
}

/** `undefined` if the kubelet skips the key. */
function readKey(key: string): Address | undefined {
  const url = parseUrl(key.replace(/^https?:\/\//, ''));
  if (!url) return undefined;
  const address = readAddress(url.authority + url.path.replace(/^\/v[12](?=\/)/, ''));
  // Brackets would be a class of characters.
  return address && /[[\\]/.test(address.host) ? undefined : address;
}

function readAddress(text: string): Address | undefined {
  const url = parseUrl(text);
  if (!url) return undefined;
  const { authority, path } = url;
  const [, bracketed, plain, port = ''] = /^(?:\[(.*)\]|([^:]*)):(\d*)$/.exec(authority) ?? [];
  const host = bracketed ?? plain ?? authority;
  return { host, labels: host.split('.'), port, path };
}

/** Go's `url.Parse` with `https://` in front: host and port without user information, the path without escapes. */
function parseUrl(text: string): { authority: string; path: string } | undefined {
  const match = URL_FORM.exec(text);
  if (!match || /\p{Cc}/u.test(text)) return undefined;
  const [, authority = '', path = ''] = match;
  try {
    return { authority, path: decodeURIComponent(path) };
  } catch {
    return undefined;
  }
}

const URL_FORM =
  /^(?:[\w.~!$&'()*+,;=:%@-]*@)?((?:\[[^\]]*\]|[^\s:@[\]/?#]*)(?::\d*)?)(\/[^?#]*)?(?:[?#].*)?$/;

/** Label by label, so that a wildcard never crosses a dot. */
function matchesHost(glob: readonly string[], labels: readonly string[]): boolean {
  return (
    glob.length === labels.length &&
    glob.every(
      (label, index) => label === labels[index] || matchesWildcards(label, labels[index] ?? ''),
    )
  );
}
