import { matchesWildcards } from './wildcards.ts';

/** A key, or the name of an image, as the kubelet parses it. */
interface Address {
  /** Without brackets if there is a port. */
  readonly host: string;
  /** The parts of the host. */
  readonly labels: readonly string[];
  /** As text; empty if there is none, which does not mean 443. */
  readonly port: string;
  readonly path: string;
}

/**
 * Creates a function that decides whether a key of a pull secret covers an image, which is named in full, without tag
 * and digest.
 *
 * It matches images with the keys of a pull secret as the kubelet does (`pkg/credentialprovider/keyring.go`, `Add` and
 * `URLsMatch`, v1.37.2); `e2e/test/keyring.test.ts` compares both. Two features are not implemented, because no
 * configuration has such keys: character classes (`[a-z]`) as wildcards, and `index.docker.io` for images
 * without a host.
 */
export function createKeyring(keys: readonly string[]): (imageName: string) => boolean {
  const read = keys.flatMap((key) => readKey(key) ?? []);
  // Most keys have no wildcard: they are looked up by host, so that not every image is compared with every key.
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

/** `undefined` if the kubelet ignores the key. */
function readKey(key: string): Address | undefined {
  const url = parseUrl(key.replace(/^https?:\/\//, ''));
  if (!url) return undefined;
  const address = readAddress(url.hostPort + url.path.replace(/^\/v[12](?=\/)/, ''));
  // The kubelet would read brackets as a character class.
  return address && /[[\\]/.test(address.host) ? undefined : address;
}

function readAddress(text: string): Address | undefined {
  const url = parseUrl(text);
  if (!url) return undefined;
  const { hostPort, path } = url;
  const [, bracketed, plain, port = ''] = /^(?:\[(.*)\]|([^:]*)):(\d*)$/.exec(hostPort) ?? [];
  const host = bracketed ?? plain ?? hostPort;
  return { host, labels: host.split('.'), port, path };
}

/** Go's `url.Parse` of the text after `https://`: host and port without user information, the path unescaped. */
function parseUrl(text: string): { hostPort: string; path: string } | undefined {
  const match = URL_FORM.exec(text);
  if (!match || /\p{Cc}/u.test(text)) return undefined;
  const [, hostPort = '', path = ''] = match;
  try {
    return { hostPort, path: decodeURIComponent(path) };
  } catch {
    return undefined;
  }
}

const URL_FORM = /^(?:[\w.~!$&'()*+,;=:%@-]*@)?((?:\[[^\]]*\]|[^\s:@[\]/?#]*)(?::\d*)?)(\/[^?#]*)?(?:[?#].*)?$/;

/** Compares label by label, so that a wildcard never matches a dot. */
function matchesHost(glob: readonly string[], labels: readonly string[]): boolean {
  return (
    glob.length === labels.length &&
    glob.every((label, index) => label === labels[index] || matchesWildcards(label, labels[index] ?? ''))
  );
}
