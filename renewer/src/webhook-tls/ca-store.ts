import { nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import { createObservable, type Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { CaSecret, CaSecretLocation } from './ca-secret.ts';
import {
  type CaStatus,
  caStatusOf,
  type ObservedCa,
  type ObservedCaSecret,
  observeCaSecret,
} from './ca-status.ts';

/** The one copy of the CA that all parts of a replica work with. */
export interface CaStore {
  /** Changes with the Secret. */
  readonly observed: Observable<ObservedCa>;
  readonly statusAt: (now: Date) => CaStatus;
}

/** Makes a store that has not seen the Secret yet. */
export function createCaStore(): CaStore {
  const observed = createObservable<ObservedCa>({ kind: 'unknown' });
  return { observed, statusAt: (now) => caStatusOf(observed.get(), now) };
}

/** Every replica's part: keeps the store up to date with the Secret. */
export async function runCaReflector(
  dependencies: Pick<RenewerDependencies, 'client' | 'clock' | 'random' | 'logger'>,
  { namespace, name, ca }: CaSecretLocation & { readonly ca: CaStore },
  signal: AbortSignal,
): Promise<void> {
  const put = (secret: ObservedCaSecret): void => ca.observed.set(secret);
  const remove = (): void => ca.observed.set({ kind: 'absent' });
  await runReflector<CaSecret, ObservedCaSecret>(
    dependencies,
    {
      path: secretsPath(namespace),
      fieldSelector: nameSelector(name),
      metadataOnly: false,
      reduce: observeCaSecret,
      handler: { replace: ([secret]) => (secret ? put(secret) : remove()), upsert: put, remove },
    },
    signal,
  );
}
