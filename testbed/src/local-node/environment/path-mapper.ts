/** A mount path of a container and the folder that stands for it. */
export interface MappedMount {
  readonly mountPath: string;
  readonly folder: string;
}

/** Puts folders in the place of mount paths in a text. */
export type PathMapper = (text: string) => string;

/**
 * Replaces each mount path, alone or as the beginning of a longer path, wherever it stands in an
 * argument or a value: `/etc/app`, `--config=/etc/app/config.json`, `/etc/app:/tmp`, `file:///etc/app`.
 * The longest mount path wins; `/etc/application`, `/srv/etc/app` and `https://host/etc/app` are
 * other paths and stay.
 */
export function createPathMapper(mounts: readonly MappedMount[]): PathMapper {
  if (mounts.length === 0) return (text) => text;
  const folders = new Map(mounts.map(({ mountPath, folder }) => [trimSlash(mountPath), folder]));
  const paths = [...folders.keys()].toSorted((a, b) => b.length - a.length).map(escapeForPattern);
  const pattern = new RegExp(`(?<=file://|(?<![\\w./-]))(?:${paths.join('|')})(?![\\w.-])`, 'g');
  return (text) => text.replace(pattern, (path) => folders.get(path) ?? path);
}

function trimSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
