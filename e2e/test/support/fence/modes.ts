import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { IMAGE_VALUES } from '../image-values.ts';
import { type KubeObject, readManifest } from '../manifest.ts';
import { POLICIES } from './world.ts';

const CHART = fileURLToPath(new URL('../../../../chart', import.meta.url));

const SELECTOR = '{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"Exists"}]}';

const EXPRESSIONS = JSON.stringify({
  matchLabels: { team: 'x' },
  matchExpressions: [
    { key: 'a', operator: 'In', values: ['b', 'c'] },
    { key: 'd', operator: 'NotIn', values: ['e'] },
    { key: 'f', operator: 'Exists' },
    { key: 'g', operator: 'DoesNotExist' },
  ],
});

/** Which expressions there are, and which names are in them. */
const MODES: readonly (readonly string[])[] = [
  ['--set', 'missedPods.evict=true,excludeNamespace=dev-*', '--set-json', `namespaceSelector=${EXPRESSIONS}`],
  ['--set', 'injection.mode=none'],
  ['--set', 'cronjob.enabled=true,targetNamespace=a,optInPolicy.enabled=false'],
  ['--set', 'dockerSecretName=a.b-c,fullnameOverride=x,serviceAccount.name=a.b'],
  ['--set', 'namespaceSelector.matchLabels.team=x,fence.refusedMetadata=null'],
  ['--set-json', `namespaceSelector=${SELECTOR}`],
];

/** The policies of a release "odd" with the opt-in policy, and their bindings. */
export async function policiesOf(
  { helm }: Pick<Playground['cluster'], 'helm'>,
  settings: readonly string[],
): Promise<readonly KubeObject[]> {
  const place = ['template', 'odd', CHART, '--namespace', 'odd'];
  const always = ['--values', IMAGE_VALUES, '--set', 'awsRegion=us-east-1,optInPolicy.enabled=true'];
  const { stdout } = await helm([...place, ...always, ...settings]);
  return readManifest(stdout).filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'));
}

/** Tests that an API server takes the policies of every mode. */
export function testModes(t: Test, { api, cluster }: Playground): void {
  t.test('the policies of every mode and of odd names compile', async (t) => {
    for (const mode of MODES) {
      const objects = await policiesOf(cluster, mode);
      const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
      t.ok(policies.length > 0);
      for (const policy of policies) {
        await t.resolves(
          api.create(POLICIES, { ...policy }, { dryRun: 'All', fieldValidation: 'Strict' }),
          `${mode.join(' ')}: ${policy.metadata.name}`,
        );
      }
    }
  });
}
