import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import { nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import type { AuthoritySecret, CaSecret } from './ca-secret.ts';

export interface FollowAuthorityOptions
  extends Pick<RenewerDependencies, 'client' | 'clock' | 'random' | 'logger'> {
  readonly namespace: string;
  /** The Secret's name. */
  readonly name: string;
  readonly state: Observable<CaSecret>;
  readonly signal: AbortSignal;
}

/** Every replica's part: keeps what is known about the authority's Secret up to date. */
export async function watchCaSecret(options: FollowAuthorityOptions): Promise<void> {
  const { namespace, name, state } = options;
  const put = (secret: AuthoritySecret): void => state.set({ kind: 'present', secret });
  const remove = (): void => state.set({ kind: 'absent' });
  await runReflector<AuthoritySecret, AuthoritySecret>(
    options,
    {
      path: secretsPath(namespace),
      fieldSelector: nameSelector(name),
      metadataOnly: false,
      reduce: (secret) => secret,
      handler: { replace: ([secret]) => (secret ? put(secret) : remove()), upsert: put, remove },
    },
    options.signal,
  );
}
