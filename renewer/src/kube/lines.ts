import { createError } from '@ecr-pull-secrets/shared/errors.ts';

/** etcd takes objects of 1.5 MiB; JSON may write one byte as six, and the event is around it. */
const LONGEST_LINE = 16 * 1024 * 1024;

/**
 * Splits a byte stream into lines; a last line without an end is dropped, since it was cut off.
 *
 * @param longest - characters that one line may have
 * @throws ECRPS_KUBERNETES_ANSWER_INVALID where a line is longer: memory has an end
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  longest: number = LONGEST_LINE,
): AsyncGenerator<string> {
  // A chunk may end in the middle of a character.
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    // Parts are joined once: a long line in many chunks would else be copied for each.
    begun.push(first);
    length += first.length;
    for (const next of others) {
      const line = begun.join('');
      if (line !== '') yield line;
      begun = [next];
      length = next.length;
    }
    if (length > longest) {
      throw createError('ECRPS_KUBERNETES_ANSWER_INVALID', `a line is longer than ${longest}`);
    }
  }
}
