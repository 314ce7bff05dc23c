import * as z from 'zod';

/** Names of devices, which no file on Windows may have. */
const FORBIDDEN_NAME = /^(con|prn|aux|nul|com[1-9]|lpt[1-9])$/i;

const text = z.string().min(1);
const platformKey = z.enum(['os', 'arch']);

const selector = z
  .strictObject({
    matchLabels: z.partialRecord(platformKey, text).optional(),
    matchExpressions: z
      .array(z.strictObject({ key: platformKey, operator: z.enum(['In', 'NotIn']), values: z.array(text).min(1) }))
      .min(1)
      .optional(),
  })
  .refine((value) => value.matchLabels !== undefined || value.matchExpressions !== undefined, 'it is empty');

const platform = z.strictObject({
  selector,
  uri: z.url({ protocol: /^https$/ }),
  sha256: z.string().regex(/^[a-f0-9]{64}$/),
  bin: text,
  files: z
    .array(z.strictObject({ from: text, to: text }))
    .min(1)
    .optional(),
});

const plugin = z.strictObject({
  apiVersion: z.literal('krew.googlecontainertools.github.com/v1alpha2'),
  kind: z.literal('Plugin'),
  metadata: z.strictObject({
    name: z
      .string()
      .regex(/^[\w-]+$/)
      .refine((name) => !FORBIDDEN_NAME.test(name)),
  }),
  spec: z.strictObject({
    version: z.string().regex(/^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/),
    homepage: z.url().optional(),
    // The naming guide wants one line of at most 50 characters or so, which `kubectl krew search` shows.
    shortDescription: text.max(50).regex(/^[^\r\n]+$/),
    description: text.optional(),
    caveats: text.optional(),
    platforms: z.array(platform).min(1),
  }),
});

/**
 * What krew refuses in the manifest of a plugin, one sentence for each problem. The rules are those of krew
 * `internal/index/validation/validate.go`.
 *
 * @param fileName - of the manifest, without `.yaml`
 */
export function krewProblems(manifest: unknown, fileName: string): readonly string[] {
  const result = plugin.safeParse(manifest);
  if (!result.success) return result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const { name } = result.data.metadata;
  return name === fileName ? [] : [`metadata.name: it is ${name}, not ${fileName}`];
}
