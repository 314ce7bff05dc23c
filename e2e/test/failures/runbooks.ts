import { readFile } from 'node:fs/promises';
import type { Test } from 'tap';
import { startKubectl } from '../support/kubectl.ts';
import type { FailureWorld } from './world.ts';

const PAGE = new URL('../../../docs/monitoring.md', import.meta.url);

/** Commands of the runbooks, and what they must show of the failures. */
const COMMANDS: Readonly<Record<string, readonly RegExp[]>> = {
  'kubectl get events --all-namespaces --field-selector source=ecr-pull-secrets': [
    /^misspelt .*LabelMisspelt .*kubectl label namespace misspelt/,
    /^left-out .*NamespaceExcluded /,
    /^typed .*PullSecretRefused .*not of type kubernetes\.io\/dockerconfigjson/,
    /^full .*PullSecretRefused .*exceeded quota/,
    /^with-role .*RoleWithoutToken /,
  ],
  'kubectl get events --namespace ecr-pull-secrets --field-selector involvedObject.kind=Deployment': [
    /AwsRefusedToken .*with its AWS identity/,
    /AwsUnreachable .*eu-west-1/,
    /RegistryRefusedToken .*222222222222/,
  ],
  'kubectl get events --all-namespaces --field-selector reason=PodOlderThanLabel': [
    /^late .*pod\/app .*Replace it: kubectl /,
  ],
  'kubectl get events --all-namespaces --field-selector reason=PullFailed': [
    /^good .*pod\/no-such-image .*ecr-pull-secrets explain good\/no-such-image$/,
    /^good .*pod\/right-missing .*ecr-pull-secrets explain good\/right-missing$/,
  ],
};

/** An operator who follows the runbook of an alert finds the reason. */
export async function testRunbooks(t: Test, { playground }: FailureWorld): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const kubectl = await startKubectl(playground.cluster);
  for (const [command, expected] of Object.entries(COMMANDS)) {
    t.ok(page.includes(command), `the page has: ${command}`);
    const lines = await kubectl(...command.split(' ').slice(1));
    for (const line of expected)
      t.ok(
        lines.some((each) => line.test(each)),
        `${command} shows ${line}`,
      );
  }
}
