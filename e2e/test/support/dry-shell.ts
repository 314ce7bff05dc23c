import { once } from 'node:events';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ensureBinaries, ensureKubectl } from '@ecr-pull-secrets/testbed/local-cluster/binaries.ts';
import type { LocalCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { GO_ENVIRONMENT } from '@ecr-pull-secrets/testbed/local-cluster/go-environment.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import { CHECKOUT } from './documented-commands.ts';

export interface ShellResult {
  readonly code: unknown;
  /** Both streams. */
  readonly output: string;
}

/** Runs a script as a person in a checkout would, to its first failure. */
export type DryShell = (script: string) => Promise<ShellResult>;

/**
 * A shell with the real kubectl and Helm, which change nothing: what would is a dry run that the API server
 * admits and validates. Files that scripts write are there for those that follow.
 */
export async function startDryShell(cluster: LocalCluster): Promise<DryShell> {
  const { guardian, directory, kubeconfigPath } = cluster;
  const options = { progress: progressToStderr, environment: process.env };
  const [{ helm }, kubectl] = [await ensureBinaries(options), await ensureKubectl(options)];
  const home = join(directory, 'shell');
  const tools = join(home, 'tools');
  await mkdir(tools, { recursive: true });
  for (const name of ['chart', 'deploy.yaml']) await symlink(join(CHECKOUT, name), join(home, name));
  for (const [name, script] of Object.entries(TOOLS)) {
    const path = join(tools, name);
    await writeFile(path, `#!/bin/bash\n${script}`);
    await chmod(path, 0o755);
  }
  const environment = {
    HOME: home,
    KUBECONFIG: kubeconfigPath,
    PATH: `${tools}:${process.env['PATH'] ?? ''}`,
    REAL_HELM: helm,
    ...GO_ENVIRONMENT,
    REAL_KUBECTL: kubectl,
    NODE: process.execPath,
    // Else each command of ours compiles what it imports anew, 0.3 s of CPU.
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    CHECKOUT,
  };
  return async (script) => {
    const args = ['-euo', 'pipefail', '-c', `exec 2>&1\n${script}`];
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const child = guardian.spawn('bash', args, { cwd: home, environment, stdio: [...stdio] });
    const [[code], output] = await Promise.all([once(child, 'close'), child.stdout ? text(child.stdout) : '']);
    return { code, output };
  };
}

/** What stands before the real programs on PATH. */
const TOOLS = {
  // A file's objects are there with the release's own values, so it is tried as if it were new. And that an object is
  // there already is said only after the new one was admitted and validated.
  kubectl: `
if [ "$1 $2" = "apply -f" ]; then shift; set -- create "$@"; fi
case "$1" in
  annotate|apply|create|delete|label|patch|set) [[ "$*" == *--dry-run* ]] || set -- "$@" --dry-run=server ;;
esac
said="$(mktemp)"
"$REAL_KUBECTL" "$@" 2> "$said" && code=0 || code=$?
cat "$said" >&2
if [ -s "$said" ] && ! /usr/bin/env -i PATH="\${PATH#*:}" grep -qv 'already exists$' "$said"; then exit 0; fi
exit $code
`,
  // What is published is what the checkout has. The release is there already; an upgrade requests all that an
  // installation does.
  helm: `
set -- "\${@/#oci:*/./chart}"
case "$1" in
  install) shift; set -- upgrade --install "$@" --dry-run=server ;;
  rollback|upgrade) set -- "$@" --dry-run=server ;;
  uninstall) set -- "$@" --dry-run ;;
esac
exec "$REAL_HELM" "$@"
`,
  'ecr-pull-secrets': `exec "$NODE" "$CHECKOUT/cli/src/main.ts" "$@"\n`,
  aws: `
case "$1 $2" in
  "ecr get-login-password") echo password ;;
  "iam create-access-key") echo '{"AccessKeyId": "id", "SecretAccessKey": "key"}' ;;
  *) echo "there is no AWS here" >&2; exit 1 ;;
esac
`,
  sleep: '',
  // No line, and a difference, are answers too.
  grep: `PATH="\${PATH#*:}"; grep "$@"; [ $? -lt 2 ]\n`,
  diff: `PATH="\${PATH#*:}"; diff "$@"; [ $? -lt 2 ]\n`,
};
