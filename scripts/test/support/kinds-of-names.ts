import { basename } from 'node:path';
import { ERROR_CODES } from '@ecr-pull-secrets/shared/errors.ts';
import { METRIC_PREFIX } from '@ecr-pull-secrets/shared/names.ts';
import { listFiles, readText } from './checkout.ts';
import type { PageCode } from './code-of-pages.ts';
import {
  commandOptions,
  isChartValue,
  keysOfCode,
  metricNames,
  wordsOfCommands,
  ownKeysIn,
  wordsOfCode,
} from './known-names.ts';
import { settingsOf, valuesIn } from './values-on-pages.ts';

/** A kind of name: what on a page looks like one, and whether the name exists. */
interface Kind {
  readonly find: (page: PageCode, text: string) => readonly string[];
  readonly exists: (name: string) => boolean;
}

const files = new Set(await listFiles());
const folders = new Set(
  [...files].flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))),
);
const topFolders = new Set([...folders].filter((folder) => !folder.includes('/')));
const fileNames = new Set([...files].map((path) => basename(path)));
const { scripts } = JSON.parse(await readText('package.json'));
const alerts = await readText('chart/monitoring/alerts.yaml');
const [metrics, options, commandWords, keys, words] = await Promise.all([
  metricNames(),
  commandOptions(),
  wordsOfCommands(),
  keysOfCode(),
  wordsOfCode(),
]);

/** Also of a chart value's form: hosts, and fields of objects of Kubernetes. */
const NO_VALUE = /\.(?:amazonaws\.com|ecr\.aws)$|^(?:metadata|spec|status)\./;

/** Of the same form. */
const FILE_NAME = /\.(?:ts|tpl|ya?ml|json|md|mjs|mod|hcl|crt|pem|env)$|^(?:tls|ca)\.key$/;

/** All kinds. What has no form of its own must be in backticks or in a command. */
export const KINDS: Readonly<Record<string, Kind>> = {
  metric: {
    find: (_, text) => matches(text, /\becr_pull_secrets_[a-z_]*[a-z]/g),
    exists: (name) => metrics.has(name),
  },
  'metric without its prefix': {
    find: ({ spans }) => spans.flatMap((span) => matches(span, /^(?!ecr_)[a-z]+(?:_[a-z]+)+(?={|$)/g)),
    exists: (name) => metrics.has(METRIC_PREFIX + name) || words.has(name),
  },
  alert: {
    find: (_, text) => matches(text, /\bEcrPullSecrets[A-Z]\w+/g),
    exists: (name) => alerts.includes(`- alert: ${name}\n`),
  },
  'error code': {
    find: (_, text) => matches(text, /\bECRPS_[A-Z_]+/g),
    exists: (name) => ERROR_CODES.some((code) => code === name),
  },
  'label or annotation': {
    find: (_, text) => ownKeysIn(text),
    exists: (name) => keys.has(name),
  },
  'environment variable': {
    find: ({ spans, commands }) => [
      ...spans.flatMap((span) => matches(span, /^(?!ECRPS_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?==|$)/g)),
      ...commands.flatMap((command) => matches(command, /^[A-Z_]+(?==)/g)),
    ],
    exists: (name) => words.has(name),
  },
  'chart value': {
    find: ({ spans, commands, documents }) => [
      ...spans
        .flatMap((span) => matches(span, /^[a-z][A-Za-z]+(?:\.[a-z][A-Za-z]+)+(?=[=:]|$)/g))
        .filter((name) => !FILE_NAME.test(name) && !NO_VALUE.test(name)),
      ...[...spans, ...commands].flatMap(settingsOf),
      ...documents.flatMap(valuesIn),
    ],
    exists: (name) => isChartValue(name.replaceAll(/\[\d+\]/g, '').split('.')),
  },
  'word of the code': {
    find: ({ spans }) => spans.flatMap((span) => matches(span, /^[a-z]+(?:[A-Z][a-z]+)+(?=[=:]|$)/g)),
    exists: (name) => words.has(name),
  },
  'reason of an Event': {
    find: (_, text) => matches(text, /(?<=\breason=)\w+/g),
    exists: (name) => words.has(name),
  },
  'command or option': {
    find: ({ spans, commands }) => [...spans, ...commands].flatMap(commandsIn),
    exists: (name) => {
      const [, command = '', option] = /^(.+?)(?: (-.+))?$/.exec(name) ?? [];
      return option === undefined ? options.has(command) : options.get(command)?.has(option) === true;
    },
  },
  'option in a sentence': {
    find: ({ spans }) => spans.flatMap((span) => matches(span, /^--[a-z][a-z-]+(?=[ =]|$)/g)),
    exists: (name) =>
      commandWords.has(name) || words.has(name) || [...options.values()].some((known) => known.has(name)),
  },
  'npm script': {
    find: ({ spans, commands }) =>
      [...spans, ...commands].flatMap((code) => matches(code, /(?<=\bnpm run (?:-s )?)\w[\w:-]*/g)),
    exists: (name) => name in scripts,
  },
  'name of a file': {
    find: ({ spans }) => spans.filter((span) => FILE_NAME.test(span) && /^[\w.-]+$/.test(span)),
    exists: (name) => fileNames.has(name) || commandWords.has(name),
  },
  'file or folder': {
    find: ({ spans, commands }) =>
      [...spans, ...commands]
        .flatMap((code) => code.split(/[\s'"`=,]+/))
        .map((word) => word.replace(/^\.\/|[/:;]$/g, ''))
        .filter((word) => topFolders.has(word.split('/')[0] ?? '') && /^[\w./-]+$/.test(word)),
    exists: (name) => files.has(name) || folders.has(name),
  },
};

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([match]) => match);
}

/** `certs ca`, and `certs ca --out` for each of its options. */
function commandsIn(code: string): readonly string[] {
  const calls = code.matchAll(
    /(?:^|[|;&] )(?:npx node cli\/src\/main\.ts|ecr-pull-secrets) ((?:certs )?[a-z-]+)([^|;&]*)/g,
  );
  return [...calls].flatMap(([, command = '', rest = '']) => {
    const used = [...rest.matchAll(/(?<= )--[a-z-]+|^/g)].map(([option]) => `${command} ${option}`.trim());
    return command === 'certs' ? [] : used;
  });
}
