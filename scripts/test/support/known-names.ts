import { runCerts } from '@ecr-pull-secrets/certs-scripts/commands/certs.ts';
import { explainUsage } from '@ecr-pull-secrets/cli/explain/options.ts';
import { COMMAND_NAMES } from '@ecr-pull-secrets/cli/commands.ts';
import { createRenewerMetrics } from '@ecr-pull-secrets/renewer/metrics.ts';
import { createWebhookMetrics } from '@ecr-pull-secrets/server/metrics.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { listFiles, readPages, readText } from './checkout.ts';
import { codeOf } from './code-of-pages.ts';

/** The part of a JSON schema that names keys. */
export interface ValuesSchema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, ValuesSchema>>;
  readonly items?: ValuesSchema;
}

const schema: ValuesSchema & { readonly definitions: Readonly<Record<string, ValuesSchema>> } = JSON.parse(
  await readText('chart/values.schema.json'),
);

/** The values at the root of the chart. */
export const ROOT_VALUES: ReadonlySet<string> = new Set(Object.keys(schema.properties ?? {}));

/** Whether the chart has the value; below a value that is a map or an object of Kubernetes, every key is possible. */
export function isChartValue(path: readonly string[]): boolean {
  let node: ValuesSchema = schema;
  for (const key of path) {
    const { properties, items } = resolve(node);
    const own = properties ?? resolve(items ?? {}).properties;
    if (!own) return true;
    const next = Object.hasOwn(own, key) ? own[key] : undefined;
    if (!next) return false;
    node = next;
  }
  return true;
}

function resolve(node: ValuesSchema): ValuesSchema {
  return node.$ref === undefined ? node : (schema.definitions[node.$ref.replace('#/definitions/', '')] ?? {});
}

/** The names of all metrics, those of the parts of a histogram and of the process included. */
export async function metricNames(): Promise<ReadonlySet<string>> {
  const registry = createMetricsRegistry();
  createWebhookMetrics(registry);
  createRenewerMetrics(registry);
  const metrics = await registry.getMetricsAsJSON();
  return new Set(metrics.flatMap(({ name }) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
}

/** The first two words of each command, with the options in its help. */
export async function commandOptions(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const options = new Map(COMMAND_NAMES.map((name) => [name, new Set(['--help'])]));
  options.set('explain', new Set(explainUsage().match(/--[a-z-]+/g)));
  for (const name of ['ca', 'serving', 'yaml', 'verify']) {
    let help = '';
    const stdout = { write: (text: string) => void (help += text) };
    await runCerts([name, '--help'], { stdout, stderr: stdout, clock: systemClock });
    options.set(`certs ${name}`, new Set(help.match(/--[a-z-]+/g)));
  }
  return options;
}

/** Every word of the code, the chart and the scripts, tests included, without the pages. */
export async function wordsOfCode(): Promise<ReadonlySet<string>> {
  const files = (await listFiles()).filter((path) => !/\.md$|(?:names|words)\.test\.ts$|^package-lock/.test(path));
  const texts = await Promise.all(files.map(readText));
  return new Set(texts.flatMap((text) => text.match(/[A-Za-z]\w+|--[a-z][a-z-]+/g) ?? []));
}

/** The words of the commands of all pages, options and files among them. A test runs these commands. */
export async function wordsOfCommands(): Promise<ReadonlySet<string>> {
  const commands = [...(await readPages()).values()].flatMap((page) => codeOf(page).commands);
  return new Set(commands.flatMap((command) => command.split(/[\s'"=():/]+/)));
}

/** The labels, annotations and finalizers with our prefix, of the code and the chart. */
export async function keysOfCode(): Promise<ReadonlySet<string>> {
  const files = (await listFiles()).filter((path) => /^[a-z-]+\/src\/.+\.ts$|^chart\/templates\//.test(path));
  const texts = await Promise.all(files.map(readText));
  return new Set(texts.flatMap(ownKeysIn));
}

/** The keys with our prefix in a text. */
export function ownKeysIn(text: string): readonly string[] {
  return [...text.matchAll(/\becr-pull-secrets\.io\/[a-z-]*[a-z]/g)].map(([key]) => key);
}
