import { readFile } from 'node:fs/promises';

const FIXTURE = new URL('../../../server/test/fixtures/admission-review.pod.json', import.meta.url);

/** A body of a given size. */
export interface Review {
  readonly name: string;
  readonly body: Buffer;
}

/** Of three sizes. */
export interface Reviews {
  readonly small: Review;
  readonly large: Review;
  readonly huge: Review;
}

/** A review as an API server sent it, of an ordinary pod of a Deployment, and pods of ten and hundreds of times the size. */
export async function readReviews(): Promise<Reviews> {
  const body = await readFile(FIXTURE);
  return {
    small: { name: `${(body.length / 1000).toFixed(1)} KB`, body },
    large: { name: '200 KiB', body: enlarge(body, 200 * 1024) },
    huge: { name: '3 MiB', body: enlarge(body, 3 * 1024 ** 2) },
  };
}

/** The same review, of which the first container has as many variables as the size allows. */
function enlarge(body: Buffer, bytes: number): Buffer {
  const review = JSON.parse(body.toString('utf8'));
  const [container] = review.request.object.spec.containers;
  const bytesOfOne = JSON.stringify(variableOf(0)).length + 1;
  container.env = Array.from({ length: Math.floor((bytes - body.length) / bytesOfOne) }, (_, index) =>
    variableOf(index),
  );
  return Buffer.from(JSON.stringify(review));
}

/** Each is as long as any other. */
function variableOf(index: number) {
  return { name: `VARIABLE_${10_000_000 + index}`, value: 'x'.repeat(64) };
}
