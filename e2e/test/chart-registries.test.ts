import { readFile } from 'node:fs/promises';
import { problemOf } from '@ecr-pull-secrets/renewer/credentials/registries/registry-key.ts';
import { ECR_KEYS, OTHER_KEYS, REFUSED_KEYS } from '@ecr-pull-secrets/shared/testing/registry-keys.ts';
import t from 'tap';
import { REGISTRY_RULE_FILE, registryRuleText } from '@ecr-pull-secrets/scripts/chart-readme/registry-rule.ts';
import { settingsOf, startChart } from './support/chart.ts';

const { render, objects, notes } = await startChart(t);

const ECR = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const CRON_JOB = { cronjob: { enabled: true }, targetNamespace: 'a' };

t.test('the chart has the rule of the code: run npm run chart-readme', async (t) => {
  t.equal(await readFile(REGISTRY_RULE_FILE, 'utf8'), registryRuleText());
});

/** The errors of the chart's templates about keys, from one rendering. */
async function problemsByChart(keys: readonly string[]): Promise<Readonly<Record<string, string | undefined>>> {
  const problem = 'include "ecr-pull-secrets.problemOf" (list ($.Files.Get "registry-rule.json" | fromJson) .)';
  const extraObjects = [
    [
      'apiVersion: v1',
      'kind: ConfigMap',
      'metadata:',
      '  name: problems',
      'data:',
      `{{- range $index, $key := ${JSON.stringify(JSON.stringify(keys))} | fromJsonArray }}`,
      `  key-{{ $index }}: {{ ${problem.replace(' .)', ' $key)')} | quote }}`,
      '{{- end }}',
    ].join('\n'),
  ];
  const { 'ConfigMap problems': found } = await objects(...settingsOf({ extraObjects }));
  const { data } = { data: {}, ...found } as { data: Readonly<Record<string, string>> };
  return Object.fromEntries(keys.map((key, index) => [key, data[`key-${index}`] || undefined]));
}

t.test('the chart accepts and rejects the same keys as the renewer, for the same reasons', async (t) => {
  const keys = [...ECR_KEYS, ...OTHER_KEYS, ...Object.values(REFUSED_KEYS).flat()];
  const found = await problemsByChart(keys);
  t.equal(Object.keys(found).length, keys.length);
  for (const key of keys) t.equal(found[key], problemOf(key), key);
});

t.test('accepted keys are rendered unchanged, in both forms and kinds', async (t) => {
  const text = await render(...settingsOf({ ...CRON_JOB, registries: [...ECR_KEYS, ...OTHER_KEYS].join('\n') }));
  for (const key of [...ECR_KEYS, ...OTHER_KEYS]) t.ok(text.includes(key), key);
  const list = [...ECR_KEYS, ...OTHER_KEYS.map((host) => ({ host, tokenOf: ECR }))];
  for (const values of [{}, CRON_JOB]) t.ok(await render(...settingsOf({ ...values, registries: list })));
});

t.test('the error of a rejected key has its path, the reason and an example', async (t) => {
  const message = /registries: "\*\.\*" has a wildcard .*; for example https:\/\/123456789012/s;
  for (const values of [{}, CRON_JOB]) {
    for (const separator of [',', ';', ' ', '\n']) {
      const registries = [ECR, '*.*'].join(separator);
      await t.rejects(render(...settingsOf({ ...values, registries })), { message }, separator);
    }
    await t.rejects(render(...settingsOf({ ...values, registries: [ECR, { host: 'docker.io' }] })), {
      message: /registries\[1\]: "docker\.io" is Docker Hub/,
    });
  }
  const hidden: unknown = await render(...settingsOf({ registries: `https://AWS:hush@${ECR}` })).catch(String);
  t.match(hidden, /"https:\/\/…@123456789012\S+" has user information/);
  t.notMatch(hidden, 'hush');
});

t.test('a Secret has room for 200 entries', async (t) => {
  const keys = Array.from({ length: 201 }, (_, index) => `${ECR}/team-${index}`);
  await t.rejects(render(...settingsOf({ registries: keys })), { message: /registries': maxItems: got 201, want 200/ });
  t.ok(await render(...settingsOf({ registries: keys.slice(1) })));
});

t.test('the notes name each host without an explicit token', async (t) => {
  for (const values of [{}, CRON_JOB]) {
    const said = await notes(...settingsOf({ ...values, registries: `a.example ${ECR},b.example/x` }));
    t.match(said, /WARNING: registry a\.example is not an ECR host/);
    t.match(said, /WARNING: registry b\.example\/x is not an ECR host/);
    t.notMatch(said, `registry ${ECR}`);
  }
});
