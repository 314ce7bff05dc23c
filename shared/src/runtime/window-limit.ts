import type { Clock } from './clock.ts';

/** One of the places in the window, and when it was taken. */
export interface Place {
  readonly atMs: number;
}

/** Limits how often something happens within a window of time. */
export function createWindowLimit(
  { clock }: { readonly clock: Pick<Clock, 'now'> },
  { most, windowMs }: { readonly most: number; readonly windowMs: number },
) {
  let places: readonly Place[] = [];
  return {
    /** Takes a place; `undefined` if there is none. */
    take(): Place | undefined {
      const place = { atMs: clock.now() };
      // The absolute value: after a clock was set back, there must be places again.
      places = places.filter(({ atMs }) => Math.abs(place.atMs - atMs) < windowMs);
      if (places.length >= most) return undefined;
      places = [...places, place];
      return place;
    },
    /** Frees a place, because what it was taken for did not happen. */
    giveBack(place: Place): void {
      places = places.filter((each) => each !== place);
    },
  };
}
