import { readFile } from 'node:fs/promises';
import type { Test } from 'tap';
import { scriptsIn } from '../support/documented-commands.ts';
import { startDryShell } from '../support/dry-shell.ts';
import type { FailureWorld } from './world.ts';

const PAGE = new URL('../../../docs/monitoring.md', import.meta.url);

/** The beginnings of commands of the runbooks, and what the commands must show of the failures. */
const COMMANDS: Readonly<Record<string, readonly RegExp[]>> = {
  'kubectl get events --all-namespaces --field-selector involvedObject.kind=Secret,': [
    /^misspelt .*LabelMisspelt .*kubectl label namespace misspelt/,
    /^left-out .*NamespaceExcluded /,
    /^typed .*PullSecretRefused .*not of type kubernetes\.io\/dockerconfigjson/,
    /^full .*PullSecretRefused .*exceeded quota/,
    /^with-role .*RoleWithoutToken /,
  ],
  'kubectl get events --namespace ecr-pull-secrets --sort-by=.lastTimestamp': [
    /AwsRefusedToken .*with its AWS identity/,
    /AwsUnreachable .*eu-west-1/,
    /RegistryRefusedToken .*222222222222/,
  ],
  'kubectl get events --namespace ecr-pull-secrets --field-selector reason=RegistryRefusedToken': [
    /222222222222.* No older token logs in there either/,
  ],
  'kubectl get secret --all-namespaces': [/^good +20\S+Z$/, /^late +20\S+Z$/],
  'kubectl get pods --all-namespaces --output jsonpath': [/^ *1 999999999999\.dkr\.ecr\.us-east-1\.amazonaws\.com$/],
  'kubectl get pods --all-namespaces --output json ': [/^\d{3,}\tecr-pull-secrets\tecr-pull-secrets-/],
  'kubectl get events --all-namespaces --field-selector reason=PodOlderThanLabel': [
    /^late .*pod\/app .*Replace it: kubectl /,
  ],
  'kubectl get events --all-namespaces --field-selector reason=PullFailed': [
    /^good .*pod\/no-such-image .*ecr-pull-secrets explain good\/no-such-image$/,
    /^good .*pod\/right-missing .*ecr-pull-secrets explain good\/right-missing$/,
  ],
  'kubectl get pods --all-namespaces --field-selector status.phase=Pending': [
    /^good +no-such-image .* ImagePullBackOff /,
  ],
};

/** An operator who follows the runbook of an alert finds the reason. */
export async function testRunbooks(t: Test, { playground }: FailureWorld): Promise<void> {
  const scripts = scriptsIn(await readFile(PAGE, 'utf8'));
  const run = await startDryShell(playground.cluster);
  for (const [beginning, expected] of Object.entries(COMMANDS)) {
    const script = scripts.find((each) => each.startsWith(beginning));
    t.ok(script, `the page has: ${beginning}`);
    const { output } = await run(script ?? 'false');
    for (const line of expected)
      t.ok(
        output.split('\n').some((each) => line.test(each)),
        `${beginning} shows ${line}: ${output}`,
      );
  }
}
