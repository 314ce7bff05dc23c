import type { ListWatchHandler } from '../kube/list-watch.ts';
import type { Observed } from '../observed.ts';
import type { AuthoritySecret, KnownSecret } from './authority-secret.ts';

/** Keeps what is known about the authority's Secret up to date from a watch of it. */
export function authorityHandler(state: Observed<KnownSecret>): ListWatchHandler<AuthoritySecret> {
  const put = (secret: AuthoritySecret): void => state.set({ kind: 'present', secret });
  const remove = (): void => state.set({ kind: 'absent' });
  return {
    replace: ([secret]) => (secret ? put(secret) : remove()),
    upsert: put,
    remove,
  };
}
