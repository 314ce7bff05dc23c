import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { describeError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';

/** What a read of the cluster returned; `unread` is why it could not be read. */
export type Read<T> = { readonly found: T } | { readonly missing: true } | { readonly unread: string };

/**
 * @param rights - the verb and the resource that the request requires, for a person who lacks them
 * @throws ECRPS_KUBERNETES_UNREACHABLE if there is no connection to the API server
 */
export async function read<T>(rights: string, request: () => Promise<T>): Promise<Read<T>> {
  try {
    return { found: await request() };
  } catch (error) {
    if (isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) throw error;
    if (isApiError(error, 404)) return { missing: true };
    const isDenied = isApiError(error, 403) && /cannot \w+ (?:resource|path)/.test(error.message);
    return { unread: isDenied ? `you lack the right to ${rights}` : describeError(error) };
  }
}

/** What was found, if anything. */
export function foundIn<T>(result: Read<T> | undefined): T | undefined {
  return result && 'found' in result ? result.found : undefined;
}
