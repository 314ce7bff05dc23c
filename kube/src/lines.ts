import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { costOf, LARGEST_OBJECT_BYTES } from './response-reader.ts';

const LINE_END = 10;

/**
 * Splits a byte stream into lines; a last line without an end is dropped, since it was cut off. Until a line is
 * whole it stays outside of V8's heap, as bytes.
 *
 * @param maxBytes - that one line may have; of a watch it is one object
 * @throws ECRPS_KUBERNETES_ANSWER_INVALID if a line is longer
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = LARGEST_OBJECT_BYTES,
): AsyncGenerator<Buffer> {
  // Pieces are joined once: a long line in many chunks would otherwise be copied for each.
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, start)) {
      const line = Buffer.concat([...pieces, chunk.subarray(start, end)]);
      pieces = [];
      bytes = 0;
      start = end + 1;
      if (line.length > 0) yield line;
    }
    const piece = chunk.subarray(start);
    pieces.push(piece);
    bytes += costOf(piece);
    if (bytes > maxBytes) {
      const message = `a line is longer than ${maxBytes} bytes`;
      throw createError('ECRPS_KUBERNETES_ANSWER_INVALID', message);
    }
  }
}
