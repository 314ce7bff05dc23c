import { createDerReader, type DerElement, malformed, TAG } from './der.ts';

/** What Go's `crypto/x509` `parseASN1String` takes, by the tag of the string. */
const IS_TEXT: Readonly<Record<number, (bytes: Buffer) => boolean>> = {
  [TAG.t61String]: () => true,
  [TAG.utf8String]: isUtf8,
  [TAG.bmpString]: isBmpText,
  [TAG.ia5String]: isAscii,
  [TAG.numericString]: (bytes) => /^[0-9 ]*$/.test(bytes.toString('latin1')),
  // Neither `*` nor `&` belongs to it; Go takes both.
  [TAG.printableString]: (bytes) => /^[A-Za-z0-9'()+,./ :=?*&-]*$/.test(bytes.toString('latin1')),
};

/**
 * Makes sure that Go reads a subject or an issuer.
 *
 * @throws an Error if it does not
 */
export function checkDistinguishedName({ content }: DerElement): void {
  for (const relative of createDerReader(content).elements()) {
    if (relative.tag !== TAG.set) throw malformed();
    for (const attribute of createDerReader(relative.content).sequences()) {
      attribute.objectIdentifier();
      const value = attribute.readAny();
      if (IS_TEXT[value.tag]?.(value.content) !== true) throw malformed();
    }
  }
}

/** Whether the octets are of ASCII alone, which an IA5String must be. */
export function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte < 0x80);
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes);
}

/** Two octets each, no surrogates, none of the code points that are never characters. */
function isBmpText(bytes: Buffer): boolean {
  if (bytes.length % 2 !== 0) return false;
  const text = Buffer.from(bytes).swap16().toString('utf16le');
  return !/[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/.test(text);
}
