import * as z from 'zod';
import { createError, describeError } from './errors.ts';

/** Environment variables, in the form of `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables of a schema and freezes the result. An empty variable counts as unset.
 * Each variable's schema has `.meta({ description, example })`, from which the errors are generated;
 * with `secret: true` no error quotes the value.
 *
 * @throws ECRPS_CONFIGURATION_INVALID that names every invalid variable, its problem and an example
 */
export function readVariables<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Environment,
): Readonly<z.output<Schema>> {
  const input: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = environment[name];
    if (value !== undefined && value !== '') input[name] = value;
  }
  const result = schema.safeParse(input);
  if (result.success) return Object.freeze(result.data);
  const problems = result.error.issues.map((issue) => describeProblem(schema, input, issue));
  throw createError('ECRPS_CONFIGURATION_INVALID', problems.join('\n'));
}

function describeProblem(
  schema: z.ZodObject,
  input: Readonly<Record<string, string>>,
  issue: z.core.$ZodIssue,
): string {
  const name = String(issue.path[0]);
  const variable: z.core.$ZodType | undefined = schema.shape[name];
  const { example, secret } = (variable && z.globalRegistry.get(variable)) ?? {};
  const hint = typeof example === 'string' ? `; for example ${name}=${example}` : '';
  const value = input[name];
  if (value === undefined) return `${name} is not set${hint}`;
  const quoted = secret === true ? '' : `=${JSON.stringify(value)}`;
  return `${name}${quoted}: ${issue.message}${hint}`;
}

/** A variable that a function parses. The message of its error becomes the problem of the variable. */
export function parsedBy<T>(parse: (text: string) => T): z.ZodPipe<z.ZodString, z.ZodTransform<T, string>> {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: describeError(error) });
      return z.NEVER;
    }
  });
}

/** A whole number within limits. */
export function wholeNumber(what: string, minimum: number, maximum: number): ReturnType<typeof parsedBy<number>> {
  return parsedBy((text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new Error(`is not ${what} from ${minimum} to ${maximum}`);
    }
    return value;
  });
}

/** `true` or `false`. */
export const flag = parsedBy((text) => {
  if (text !== 'true' && text !== 'false') throw new Error('is neither true nor false');
  return text === 'true';
});

/** A TCP port. */
export const port = wholeNumber('a port', 1, 65_535);

/** One of several words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `is not one of ${words.join(', ')}` });
}

/**
 * A name that Kubernetes accepts for most objects: an RFC 1123 subdomain, which has at most 253 characters.
 * The chart's schema repeats it.
 *
 * Source: apimachinery `pkg/util/validation/validation.go` (`DNS1123SubdomainFmt`).
 */
export const OBJECT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The name of a Kubernetes object. */
export const objectName = z
  .string()
  .refine(
    (text) => text.length <= 253 && OBJECT_NAME.test(text),
    'is not a Kubernetes object name (a-z, 0-9 and "-", in parts separated by single ".", at most 253 characters)',
  );

/** The variables of both processes: where to listen and how to log. */
export const commonVariables = {
  HOST: z.string().default('::').meta({
    description: 'Address to listen on; `::` accepts IPv4 and IPv6.',
    example: '0.0.0.0',
  }),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error']).default('info').meta({
    description: 'The least severe level that is logged.',
    example: 'info',
  }),
  LOG_FORMAT: oneOf(['json', 'text']).default('json').meta({
    description: '`json` for machines, `text` for people.',
    example: 'json',
  }),
};
