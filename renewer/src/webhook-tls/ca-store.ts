import { nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { CaSecret, CaSecretLocation } from './ca-secret.ts';
import { caStatusOf, type ObservedCa, type ObservedCaSecret, observeCaSecret } from './ca-status.ts';

/** The one copy of the CA that all parts of a replica work with. */
export type CaStore = ReturnType<typeof createCaStore>;

/** Makes a store that has not seen the Secret yet; `observed` changes with the Secret. */
export function createCaStore() {
  const observed = createObservable<ObservedCa>({ kind: 'unknown' });
  return { observed, statusAt: (now: Date) => caStatusOf(observed.get(), now) };
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
