import { isIP } from 'node:net';
import type { DerElement, DerReader } from './der.ts';
import { isAscii } from './distinguished-name.ts';

/** The names of one kind of each that a certificate is for, or that a CA may or may not sign for. */
export interface GeneralNames {
  readonly dns: readonly string[];
  readonly emails: readonly string[];
  /** Subject alternative names: whole URIs. Constraints: hosts or domains. */
  readonly uris: readonly string[];
  /** Subject alternative names: an address. Constraints: an address and a mask of the same length. */
  readonly addresses: readonly Buffer[];
  /** Whether there are names of kinds that Go does not look at. */
  readonly hasOthers: boolean;
}

/** GeneralName (RFC 5280 §4.2.1.6), context-specific. Go takes the form of an alternative name either way. */
const EMAIL = 1;
const DNS = 2;
const URI = 6;
const ADDRESS = 7;
const KNOWN = new Set([EMAIL, DNS, URI, ADDRESS]);

/**
 * What RFC 3986 calls a URI, in its plainest form. Go parses URIs more leniently than that, but not as
 * the WHATWG does: of what is left out here it takes some and refuses some.
 */
const URI_FORM =
  /^[a-z][a-z0-9+.-]*:(\/\/(?<authority>[^/?#]*))?([a-z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-f]{2})*(#([a-z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-f]{2})*)?$/i;

/** A host as Go leaves it in `URL.Host`: without user information, with the port. */
const AUTHORITY_FORM = /^(?:[a-z0-9._~-]*@)?(?<host>[a-z0-9._~-]*(?::[0-9]*)?)$/i;

/**
 * Reads the subject alternative names, as Go's `parseSANExtension`.
 *
 * @throws an Error if Go does not read them
 */
export function readAlternativeNames(reader: DerReader): GeneralNames {
  return collect([...reader.enter().elements()], {
    checkUri: (uri) => void uriHost(uri),
    lengths: [4, 16],
    numberOf: ({ tag }) => tag ^ 0x80,
  });
}

/**
 * Reads the subtrees of name constraints.
 *
 * @throws an Error if Go does not read them
 */
export function readSubtrees(reader?: DerReader): GeneralNames {
  const names = collect(
    Array.from(reader?.sequences() ?? [], (subtree) => subtree.readAny()),
    {
      checkUri: (host) => {
        if (isIP(host) !== 0 || !isDomain(host, 'constraint')) throw unusable('URI constraint', host);
      },
      lengths: [8, 32],
      numberOf: ({ tag }) => (tag >= 0x80 && tag < 0xa0 ? tag - 0x80 : -1),
    },
  );
  const invalid =
    names.dns.find((name) => !isDomain(name, 'constraint')) ??
    names.emails.find((email) => !(email.includes('@') ? mailboxOf(email) : isDomain(email, 'constraint')));
  if (invalid !== undefined) throw unusable('name constraint', invalid);
  if (!names.addresses.every(hasContiguousMask)) throw new Error('invalid mask in an IP constraint');
  return names;
}

interface Rules {
  readonly checkUri: (text: string) => void;
  /** Octets that an address, with its mask if any, may have. */
  readonly lengths: readonly number[];
  readonly numberOf: (element: DerElement) => number;
}

function collect(elements: readonly DerElement[], rules: Rules): GeneralNames {
  const textsOf = (wanted: number): string[] =>
    elements
      .filter((element) => rules.numberOf(element) === wanted)
      .map(({ content }) => {
        if (!isAscii(content)) throw new Error('a name that is not ASCII');
        return content.toString('latin1');
      });
  const uris = textsOf(URI);
  for (const uri of uris) rules.checkUri(uri);
  const addresses = elements.filter((element) => rules.numberOf(element) === ADDRESS).map(({ content }) => content);
  if (!addresses.every(({ length }) => rules.lengths.includes(length)))
    throw new Error('an IP address of another length');
  return {
    dns: textsOf(DNS),
    emails: textsOf(EMAIL),
    uris,
    addresses,
    hasOthers: elements.some((element) => !KNOWN.has(rules.numberOf(element))),
  };
}

/**
 * The host of a URI in lower case, with its port as Go keeps it; empty if it has none.
 *
 * @throws an Error if Go may not read the URI
 */
export function uriHost(uri: string): string {
  const form = URI_FORM.exec(uri);
  const authority = form?.groups?.['authority'] ?? '';
  const host = AUTHORITY_FORM.exec(authority)?.groups?.['host'];
  if (!form || host === undefined || !isDomain(host, 'name')) throw unusable('URI', uri);
  return host.toLowerCase();
}

/** Go's `domainNameValid`: printable, no empty label; a constraint may begin with a dot. Empty is valid. */
export function isDomain(text: string, use: 'name' | 'constraint'): boolean {
  const labels = (use === 'constraint' && text.startsWith('.') ? text.slice(1) : text).split('.');
  return text === '' || labels.every((label) => /^[\x21-\x7e]+$/.test(label));
}

/** An e-mail address in two. */
export interface Mailbox {
  readonly local: string;
  /** In lower case. */
  readonly domain: string;
}

/**
 * Reads an e-mail address as Go's `parseRFC2821Mailbox`, but for those with quotes or backslashes, which
 * Go takes; `undefined` if the text is no such address.
 */
export function mailboxOf(text: string): Mailbox | undefined {
  const form = /^(?<local>[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)@(?<domain>.*)$/.exec(text);
  const { local, domain } = form?.groups ?? {};
  if (local === undefined || domain === undefined || !isDomain(domain, 'name')) return undefined;
  return { local, domain: domain.toLowerCase() };
}

/** Ones, then zeros. */
function hasContiguousMask(range: Buffer): boolean {
  const mask = range.subarray(range.length / 2);
  return /^1*0*$/.test([...mask].map((octet) => octet.toString(2).padStart(8, '0')).join(''));
}

function unusable(what: string, text: string): Error {
  return new Error(`${what} ${JSON.stringify(text.slice(0, 253))} cannot be read`);
}
