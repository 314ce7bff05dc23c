import * as z from 'zod';

const stage = z.enum(['manifest', 'layer']);

/** How the try of a pull ended. */
const result = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pulls'), hosts: z.array(z.string()) }),
  z.object({
    kind: z.literal('refused'),
    stage,
    host: z.string(),
    status: z.number(),
    /** The reason in the response, without credentials. */
    reason: z.string(),
  }),
  z.object({ kind: z.literal('unreachable'), stage, host: z.string(), reason: z.string() }),
  z.object({ kind: z.literal('untried'), reason: z.string() }),
]);

const outcome = z.object({ image: z.string(), result });

export type PullResult = Readonly<z.output<typeof result>>;

/** Which request of a pull. */
export type Stage = z.output<typeof stage>;

/** An image, and how the try of its pull ended. */
export type PullOutcome = Readonly<z.output<typeof outcome>>;

/** One line of the log of a test pod. */
export function outcomeLine(each: PullOutcome): string {
  return `${JSON.stringify(each)}\n`;
}

/** The outcomes in the log of a test pod; a line that is none is passed over. */
export function readOutcomes(log: string): readonly PullOutcome[] {
  return log.split('\n').flatMap((line) => {
    try {
      return outcome.parse(JSON.parse(line));
    } catch {
      return [];
    }
  });
}
