import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';

/**
 * No response with one object is larger. The API server's client of etcd sends 2 MiB at most, whatever etcd's own
 * limit is (clientv3 `defaultMaxCallSendMsgSize`; etcd itself takes 1.5 MiB), JSON writes one byte as six
 * (`\u003c`), and 1 MiB is for what is around the object.
 */
export const LARGEST_OBJECT_BYTES = 6 * 2 * 1024 ** 2 + 1024 ** 2;

/** Responses up to this size are read side by side. Objects that were not inflated on purpose have a few KiB. */
const SMALL_BYTES = 1024 ** 2;

/** A piece of a body costs at least as much memory. */
const SMALLEST_PIECE_BYTES = 256;

/** What a piece counts towards a limit. */
export function costOf(piece: Uint8Array): number {
  return Math.max(piece.byteLength, SMALLEST_PIECE_BYTES);
}

export interface ReadResponse<T> {
  /** What is read, for errors. */
  readonly action: string;
  readonly maxBytes: number;
  /** Makes a value of the bytes; what it does not keep is garbage at once. */
  readonly parse: (bytes: Buffer) => T;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the bodies of responses in bounded memory. Large responses take turns: strangers decide how large an object is, and the renewer may read ten of theirs at
 * a time. So all responses together take the memory of one large response and of as many small ones as there are
 * connections.
 */
export function createResponseReader() {
  let lastTurn: Promise<void> = Promise.resolve();

  /** Waits for the turn of a large response. The function returned ends the turn. */
  async function takeTurn(signal: AbortSignal | undefined): Promise<() => void> {
    const turn = Promise.withResolvers<void>();
    const before = lastTurn;
    lastTurn = before.then(() => turn.promise);
    try {
      await unlessAborted(before, signal);
      return turn.resolve;
    } catch (error) {
      turn.resolve();
      throw error;
    }
  }

  return {
    /**
     * @throws ECRPS_KUBERNETES_ANSWER_TOO_LARGE if the body has more bytes than `maxBytes`; it is not read further.
     *   Otherwise as the body or `parse` throws
     */
    read: async <T>(body: AsyncIterable<Uint8Array>, response: ReadResponse<T>): Promise<T> => {
      const { action, maxBytes, parse, signal } = response;
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      let endTurn: (() => void) | undefined;
      try {
        for await (const chunk of body) {
          bytes += costOf(chunk);
          if (bytes > maxBytes) {
            const message = `${action}: it has more than ${maxBytes} bytes`;
            throw createError('ECRPS_KUBERNETES_ANSWER_TOO_LARGE', message);
          }
          chunks.push(chunk);
          if (bytes > SMALL_BYTES) endTurn ??= await takeTurn(signal);
        }
        return parse(Buffer.concat(chunks));
      } finally {
        endTurn?.();
      }
    },
  };
}
