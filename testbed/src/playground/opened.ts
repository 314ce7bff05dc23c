import { describeError } from '@ecr-pull-secrets/shared/errors.ts';

interface Closable {
  close(): Promise<void>;
}

/** Things that were opened one after the other and are closed together. */
export interface Opened {
  /** Takes over the responsibility to close something, and returns it. */
  add<T extends Closable>(thing: T): T;
  /**
   * Closes all, the last one first, each of them whatever happens to the others; a second call does
   * no more.
   *
   * @throws what went wrong: the error itself, or one that names all of them
   */
  readonly close: () => Promise<void>;
}

/**
 * Opens several things. Where one cannot be opened, those before it are closed, so that nothing is left
 * that would keep this process alive.
 *
 * @throws why it cannot be opened, and what else went wrong while the others were closed
 */
export async function openTogether<T>(open: (opened: Opened) => Promise<T>): Promise<T> {
  const opened = createOpened();
  try {
    return await open(opened);
  } catch (error) {
    const closing = await failureOf(opened.close());
    throw joinErrors([error, ...closing]);
  }
}

function createOpened(): Opened {
  const things: Closable[] = [];
  return {
    add: (thing) => {
      things.push(thing);
      return thing;
    },
    close: async () => {
      const failures: unknown[] = [];
      for (let thing = things.pop(); thing; thing = things.pop()) {
        failures.push(...(await failureOf(thing.close())));
      }
      if (failures.length > 0) throw joinErrors(failures);
    },
  };
}

async function failureOf(closing: Promise<void>): Promise<readonly unknown[]> {
  return closing.then(
    () => [],
    (error: unknown) => [error],
  );
}

function joinErrors(errors: readonly unknown[]): unknown {
  const [first, ...others] = errors;
  return others.length === 0 ? first : new AggregateError(errors, errors.map(describeError).join('; then '));
}
