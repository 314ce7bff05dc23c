import { parseArgs } from 'node:util';
import { z } from 'zod';
import { createUsageError, didYouMean } from './usage.ts';

/** A command that takes options. */
export interface CommandLine<Options extends z.ZodObject = z.ZodObject> {
  /** As it is typed: `ecr-pull-secrets certs verify`. */
  readonly words: string;
  /** What it does, for its `--help`. */
  readonly description: string;
  /**
   * A property for each option, named as the option. Its `.meta` holds a `description`; `value`, what
   * stands for its value in the help, unless it is a flag; and `many: true` where it may be repeated.
   */
  readonly options: Options;
}

/** What `node:util` found in the arguments. */
type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** Options as they were typed, before the schema has seen them. */
type Given = Record<string, string | true | readonly string[]>;

/**
 * Reads the options of a command.
 *
 * @throws a UsageError that names the first word that is none, or else every value that is wrong
 */
export function readOptions<Options extends z.ZodObject>(
  commandLine: CommandLine<Options>,
  args: readonly string[],
): Readonly<z.output<Options>> {
  const { options } = commandLine;
  const given: Given = {};
  for (const token of tokensOf(options, args)) {
    const problem = tokenProblem(options, token, given);
    // What follows a mistyped option is wrong for that reason alone, and the right one is not missing.
    if (problem !== undefined) throw createUsageError(problem, usageOf(commandLine));
    if (token.kind === 'option') take(options, token, given);
  }
  const result = options.safeParse(given);
  if (result.success) return Object.freeze(result.data);
  const sentences = result.error.issues.map((issue) => issueProblem(options, given, issue));
  throw createUsageError(sentences.join('; '), usageOf(commandLine));
}

/** The help of a command. */
export function usageOf({ words, description, options }: CommandLine): string {
  const names = Object.keys(options.shape);
  const synopsis = names.map((name) => synopsisOf(options, name));
  const rows = [
    ...names.map((name) => [formOf(options, name), metaOf(options, name).description ?? '']),
    ['--help', 'Shows this.'],
  ];
  const width = Math.max(...rows.map(([form = '']) => form.length));
  const lines = rows.map(([form = '', text = '']) => `  ${form.padEnd(width)}  ${text}`);
  return `Usage: ${[words, ...synopsis].join(' ')}\n\n${description}\n\nOptions:\n${lines.join('\n')}\n`;
}

/** Not strict: its own errors neither say what was meant nor name more than one word. */
function tokensOf(options: z.ZodObject, args: readonly string[]): readonly Token[] {
  const types = Object.keys(options.shape).map(
    (name) => [name, { type: isFlag(options, name) ? 'boolean' : 'string' }] as const,
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(types),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

function tokenProblem(options: z.ZodObject, token: Token, given: Given): string | undefined {
  if (token.kind === 'option-terminator') return undefined;
  if (token.kind === 'positional') return `${JSON.stringify(token.value)} belongs to no option`;
  const { name, rawName, value, inlineValue } = token;
  if (!rawName.startsWith('--') || !Object.hasOwn(options.shape, name)) {
    const known = Object.keys(options.shape).map((option) => `--${option}`);
    return `${rawName} is unknown${didYouMean(rawName, known)}`;
  }
  if (isFlag(options, name)) return value === undefined ? undefined : `${rawName} takes no value`;
  if (value === undefined) return `${formOf(options, name)} lacks its value`;
  // Most likely the value was forgotten and this is the next option.
  if (value.startsWith('-') && !inlineValue) {
    return `${formOf(options, name)} lacks its value; one that begins with "-" is given as ${rawName}=${value}`;
  }
  const isRepeated = Object.hasOwn(given, name) && metaOf(options, name)['many'] !== true;
  return isRepeated ? `${rawName} is given twice` : undefined;
}

function take(options: z.ZodObject, { name, value }: OptionToken, given: Given): void {
  const before = given[name];
  if (value === undefined) given[name] = true;
  else if (metaOf(options, name)['many'] !== true) given[name] = value;
  else given[name] = [...(Array.isArray(before) ? before : []), value];
}

function issueProblem(options: z.ZodObject, given: Given, issue: z.core.$ZodIssue): string {
  const [name, index] = issue.path;
  // About several options at once.
  if (typeof name !== 'string') return issue.message;
  const value = given[name];
  if (value === undefined) return `${formOf(options, name)} is missing`;
  const wrong: unknown = Array.isArray(value) && typeof index === 'number' ? value[index] : value;
  return `--${name} ${JSON.stringify(wrong)} ${issue.message}`;
}

function synopsisOf(options: z.ZodObject, name: string): string {
  const form = formOf(options, name);
  const isOptional = z.safeParse(shapeOf(options, name), undefined).success;
  const ending = metaOf(options, name)['many'] === true ? '...' : '';
  return `${isOptional ? `[${form}]` : form}${ending}`;
}

/** The option with what stands for its value. */
function formOf(options: z.ZodObject, name: string): string {
  const { value } = metaOf(options, name);
  return typeof value === 'string' ? `--${name} ${value}` : `--${name}`;
}

function isFlag(options: z.ZodObject, name: string): boolean {
  return typeof metaOf(options, name)['value'] !== 'string';
}

function metaOf(options: z.ZodObject, name: string): z.core.GlobalMeta {
  return z.globalRegistry.get(shapeOf(options, name)) ?? {};
}

function shapeOf(options: z.ZodObject, name: string): z.core.$ZodType {
  const option: z.core.$ZodType | undefined = options.shape[name];
  return option ?? z.never();
}
