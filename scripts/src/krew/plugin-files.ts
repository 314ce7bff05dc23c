/** The name by which kubectl finds the plugin: a `-` of the command is a `_` in the name of the file. */
export const PLUGIN_FILE = 'kubectl-ecr_pull_secrets';

/** Starts the plugin. krew links to it, and a shell knows only the name of the link. */
export const LAUNCHER = `#!/bin/sh
self=$0
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=$(dirname "$self")/$target ;;
  esac
done
if ! command -v node > /dev/null; then
  echo "kubectl ecr-pull-secrets: it needs Node.js 24 or newer on the PATH (https://nodejs.org)" >&2
  exit 2
fi
exec node "$(dirname "$self")/${PLUGIN_FILE}.mjs" "$@"
`;

/** What the launcher starts, by the name of the plugin: with an old Node it only says so, and it keeps compiled code beside itself. */
export const ENTRY = `const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error('kubectl ecr-pull-secrets: it needs Node.js 24 or newer, and this is ' + process.versions.node);
  process.exit(2);
}
const { enableCompileCache } = await import('node:module');
enableCompileCache(import.meta.dirname + '/compiled');
await import('./main.mjs');
`;
