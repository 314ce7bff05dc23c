import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findFreePort } from '../local-cluster/free-port.ts';
import { GO_ENVIRONMENT } from '../local-cluster/go-environment.ts';
import type { Guardian } from '../local-cluster/guardian.ts';
import { eventually } from '../playground/eventually.ts';
import type { PrometheusBinaries } from './binaries.ts';

/** A result of a query for one set of labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert whose expression is true: `pending` until it was true for as long as `for` says. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  /** Of its expression. */
  readonly value: number;
}

/** A rule, as Prometheus last evaluated it. */
export interface EvaluatedRule {
  readonly name: string;
  /** `unknown` before the first evaluation. */
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

/** A running Prometheus. */
export interface Prometheus {
  /** @throws with what Prometheus says about the expression, if it cannot be evaluated */
  query(expression: string): Promise<readonly Sample[]>;
  alerts(): Promise<readonly ActiveAlert[]>;
  rules(): Promise<readonly EvaluatedRule[]>;
}

export interface PrometheusOptions {
  /** The owner of the process and of its data. */
  readonly guardian: Guardian;
  readonly binaries: PrometheusBinaries;
  /** `scrape_configs`. */
  readonly scrapeConfigs: readonly object[];
  /** The content of a file of rules. */
  readonly rules: object;
}

/** So often are the rules evaluated. */
const EVALUATION_INTERVAL = '1s';

/** Starts a Prometheus that ends with the guardian. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { guardian, binaries, scrapeConfigs, rules } = options;
  const directory = join(guardian.directory, 'prometheus');
  const [configFile, rulesFile] = ['prometheus.yml', 'rules.yml'].map((name) => join(directory, name));
  if (configFile === undefined || rulesFile === undefined) throw new Error('a file has no path');
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const global = { evaluation_interval: EVALUATION_INTERVAL };
  await mkdir(directory);
  // JSON is YAML.
  await writeFile(rulesFile, JSON.stringify(rules));
  const config = { global, rule_files: [rulesFile], scrape_configs: scrapeConfigs };
  await writeFile(configFile, JSON.stringify(config), { mode: 0o600 });
  const child = guardian.spawn(
    binaries.prometheus,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--log.level=warn',
    ],
    { environment: GO_ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const log = child.stderr ? text(child.stderr) : '';
  const ended = once(child, 'close').then(async () => {
    throw new Error(`Prometheus ended: ${(await log).trim().split('\n').slice(-5).join('\n')}`);
  });
  // After the start no one waits for it.
  ended.catch(() => undefined);
  await Promise.race([eventually('Prometheus is ready', () => request('/-/ready')), ended]);

  async function request(path: string): Promise<string> {
    const response = await fetch(url + path);
    const body = await response.text();
    if (!response.ok) throw new Error(`Prometheus answered ${response.status}: ${body}`);
    return body;
  }

  async function read<T>(path: string): Promise<T> {
    return JSON.parse(await request(path)).data;
  }

  return {
    query: async (expression) => {
      const { resultType, result } = await read<QueryResult>(`/api/v1/query?query=${encodeURIComponent(expression)}`);
      if (resultType !== 'vector') throw new Error(`${expression} is a ${resultType}`);
      return result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
    },
    alerts: async () => {
      const { alerts } = await read<AlertsResult>('/api/v1/alerts');
      return alerts.map(({ labels, annotations, state, value }) => ({
        labels,
        annotations,
        state,
        value: Number(value),
      }));
    },
    rules: async () => {
      const { groups } = await read<RulesResult>('/api/v1/rules');
      return groups.flatMap((group) => group.rules);
    },
  };
}

interface QueryResult {
  readonly resultType: string;
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [seconds: number, value: string];
  }[];
}

interface AlertsResult {
  readonly alerts: readonly (Omit<ActiveAlert, 'value'> & { readonly value: string })[];
}

interface RulesResult {
  readonly groups: readonly { readonly rules: readonly EvaluatedRule[] }[];
}
