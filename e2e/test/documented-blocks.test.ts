import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pageOfRelease } from '@ecr-pull-secrets/scripts/release-address/release-address.ts';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { startChart } from './support/chart.ts';
import { readDocumentedBlocks } from './support/documented-blocks.ts';

const { helm, path: chart, render } = await startChart(t);

/** Keys of YAML that is neither an object of Kubernetes nor a value of the chart, and what it is. */
const FRAGMENTS: ReadonlyMap<string, string> = new Map([
  ['clusterResourceWhitelist', 'a part of an AppProject'],
  ['kube-apiserver-arg', 'the configuration of k3s'],
  ['spec', 'a part of an Application or a HelmRelease'],
]);

/** Values that a block on its own lacks, because its page has them elsewhere. */
const REQUIRED = ['--set', 'awsRegion=us-east-1', '--set', 'image.repository=registry.example.com/ecr-pull-secrets'];

const defaults: unknown = parseAllDocuments((await helm(['show', 'values', chart])).stdout)[0]?.toJS();
const known = new Set(Object.keys(Object(defaults)));

for (const [index, { page, heading, text }] of (await readDocumentedBlocks('yaml')).entries()) {
  t.test(`${page}, ${heading}: the YAML is valid, and the chart accepts values`, async (t) => {
    for (const document of parseAllDocuments(text, { version: '1.1' })) {
      t.same([...document.errors, ...document.warnings], []);
      const content: unknown = document.toJS();
      const keys = Object.keys(Object(content));
      if (Array.isArray(content) || keys.some((key) => FRAGMENTS.has(key))) continue;
      if (keys.includes('kind')) {
        t.match(content, { apiVersion: /./, kind: /./, metadata: { name: /./ } });
        continue;
      }
      t.same(
        keys.filter((key) => !known.has(key)),
        [],
        'no such value',
      );
      const file = join(t.testdir({}), `values-${index}.yaml`);
      await writeFile(file, text);
      await t.resolves(render(...REQUIRED, '--values', file));
    }
  });
}

t.test('the YAML is also valid with the address of a release, and contains no option of a command', async (t) => {
  for (const { page, heading, text } of await readDocumentedBlocks('yaml')) {
    const released = pageOfRelease(page, text, { source: 'owner/name', version: '1.2.3' });
    for (const { errors, warnings } of parseAllDocuments(released, { version: '1.1' })) {
      t.same([...errors, ...warnings], [], `${page}, ${heading}`);
    }
    t.notMatch(released, '--version');
  }
});

interface Policy {
  readonly Version: string;
  readonly Statement: readonly Readonly<Record<string, unknown>>[];
}

const POLICY_KEYS = new Set(['Effect', 'Action', 'Resource', 'Principal', 'Condition']);

for (const { page, heading, text } of await readDocumentedBlocks('json')) {
  t.test(`${page}, ${heading}: the JSON is valid, and a policy has what IAM requires`, (t) => {
    const policy: Policy = JSON.parse(text);
    if (policy.Statement === undefined) return t.end();
    t.equal(policy.Version, '2012-10-17');
    for (const statement of policy.Statement) {
      t.same(
        Object.keys(statement).filter((key) => !POLICY_KEYS.has(key)),
        [],
      );
      t.match(statement, { Effect: 'Allow' });
      for (const action of [statement['Action']].flat()) t.match(action, /^[a-z0-9-]+:[A-Z]\w+$/);
      t.ok(statement['Resource'] ?? statement['Principal'], 'it says on what, or who');
    }
    return t.end();
  });
}
