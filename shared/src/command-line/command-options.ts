import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util';
import * as z from 'zod';
import { createUsageError, didYouMean } from './usage.ts';

/** A command that takes options. */
export interface CommandLine<Options extends z.ZodObject = z.ZodObject> {
  /** The words before the options: `ecr-pull-secrets certs verify`. */
  readonly words: string;
  /** For its `--help`. */
  readonly description: string;
  /**
   * A property for each option, with the name of the option. Its `.meta` has a `description`; `value`, the
   * placeholder of its value in the help, unless it is a flag; `many: true` if it may be repeated; and `short`, one
   * letter by which it may be written too.
   */
  readonly options: Options;
}

/** A token of `parseArgs`. */
type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** The values of the options, before the schema validates them. */
type RawOptions = Record<string, string | true | readonly string[]>;

/**
 * Reads the options of a command.
 *
 * @throws a UsageError that names the first unknown word, or else every invalid value
 */
export function readOptions<Options extends z.ZodObject>(
  commandLine: CommandLine<Options>,
  args: readonly string[],
): Readonly<z.output<Options>> {
  const { options } = commandLine;
  const raw: RawOptions = {};
  for (const token of tokensOf(options, args)) {
    const problem = tokenProblem(options, token, raw);
    // After a mistyped option further errors would mislead: its value belongs to no option, and the right one is missing.
    if (problem !== undefined) throw createUsageError(problem, usageOf(commandLine));
    if (token.kind === 'option') addOption(options, token, raw);
  }
  const result = options.safeParse(raw);
  if (result.success) return Object.freeze(result.data);
  const sentences = result.error.issues.map((issue) => issueProblem(options, raw, issue));
  throw createUsageError(sentences.join('; '), usageOf(commandLine));
}

/** The help of a command. */
export function usageOf({ words, description, options }: CommandLine): string {
  const names = Object.keys(options.shape);
  const synopsis = names.map((name) => synopsisOf(options, name));
  const rows = [
    ...names.map((name) => [shortFormOf(options, name), metaOf(options, name).description ?? '']),
    ['--help', 'Shows this help.'],
  ];
  const width = Math.max(...rows.map(([form = '']) => form.length));
  const lines = rows.map(([form = '', text = '']) => `  ${form.padEnd(width)}  ${text}`);
  return `Usage: ${[words, ...synopsis].join(' ')}\n\n${description}\n\nOptions:\n${lines.join('\n')}\n`;
}

/** What `parseArgs` reads. Not strict, because the errors of `parseArgs` suggest no correction and name only one word. */
export function tokensOf(options: z.ZodObject, args: readonly string[]): readonly Token[] {
  const types = Object.keys(options.shape).map((name) => {
    const short = shortOf(options, name);
    const type = isFlag(options, name) ? 'boolean' : 'string';
    return [name, { type, ...(short === undefined ? {} : { short }) } satisfies ParseArgsOptionDescriptor] as const;
  });
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(types),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

function tokenProblem(options: z.ZodObject, token: Token, raw: RawOptions): string | undefined {
  if (token.kind === 'option-terminator') return undefined;
  if (token.kind === 'positional') return `${JSON.stringify(token.value)} belongs to no option`;
  const { name, rawName, value, inlineValue } = token;
  if (!Object.hasOwn(options.shape, name)) {
    const known = Object.keys(options.shape).map((option) => `--${option}`);
    return `${rawName} is unknown${didYouMean(rawName, known)}`;
  }
  if (isFlag(options, name)) return value === undefined ? undefined : `${rawName} takes no value`;
  if (value === undefined) return `${formOf(options, name)} lacks its value`;
  // Most likely the value is missing and this is the next option.
  if (value.startsWith('-') && !inlineValue) {
    return `${formOf(options, name)} lacks its value; write a value that begins with "-" as ${rawName}=${value}`;
  }
  const isRepeated = Object.hasOwn(raw, name) && metaOf(options, name)['many'] !== true;
  return isRepeated ? `${rawName} is repeated` : undefined;
}

function addOption(options: z.ZodObject, { name, rawName, value: read }: OptionToken, raw: RawOptions): void {
  const before = raw[name];
  // As in programs with pflag, kubectl too: -n=shop is -n shop.
  const value = rawName.startsWith('--') ? read : read?.replace(/^=/, '');
  if (value === undefined) raw[name] = true;
  else if (metaOf(options, name)['many'] !== true) raw[name] = value;
  else raw[name] = [...(Array.isArray(before) ? before : []), value];
}

function issueProblem(options: z.ZodObject, raw: RawOptions, issue: z.core.$ZodIssue): string {
  const [name, index] = issue.path;
  // The issue concerns several options.
  if (typeof name !== 'string') return issue.message;
  const value = raw[name];
  if (value === undefined) return `${formOf(options, name)} is missing`;
  const invalid: unknown = Array.isArray(value) && typeof index === 'number' ? value[index] : value;
  return `--${name} ${JSON.stringify(invalid)} ${issue.message}`;
}

function synopsisOf(options: z.ZodObject, name: string): string {
  const form = formOf(options, name);
  const isOptional = z.safeParse(shapeOf(options, name), undefined).success;
  const ending = metaOf(options, name)['many'] === true ? '...' : '';
  return `${isOptional ? `[${form}]` : form}${ending}`;
}

/** The option with the placeholder of its value. */
function formOf(options: z.ZodObject, name: string): string {
  const { value } = metaOf(options, name);
  return typeof value === 'string' ? `--${name} ${value}` : `--${name}`;
}

function shortFormOf(options: z.ZodObject, name: string): string {
  const short = shortOf(options, name);
  return `${short === undefined ? '' : `-${short}, `}${formOf(options, name)}`;
}

function shortOf(options: z.ZodObject, name: string): string | undefined {
  const { short } = metaOf(options, name);
  return typeof short === 'string' ? short : undefined;
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
