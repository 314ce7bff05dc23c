/**
 * Whether one version of an object came before another of the same kind: they are numbers that grow
 * (KEP-5504). A text that is no number is never older.
 */
export function isOlderVersion(version: string | undefined, than: string | undefined): boolean {
  if (!isNumber(version) || !isNumber(than)) return false;
  return BigInt(version) < BigInt(than);
}

function isNumber(version: string | undefined): version is string {
  return version !== undefined && /^\d+$/.test(version);
}
