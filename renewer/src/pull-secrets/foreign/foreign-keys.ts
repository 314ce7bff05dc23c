import { EMAIL, type DockerConfig } from '../../credentials/docker-config.ts';
import { hostPortOf, isEcrKey } from '../../credentials/registries/registry-key.ts';
import { DOCKER_CONFIG_KEY } from '../cache/pull-secret-metadata.ts';
import { readAuths, textIn } from './read-auths.ts';

/** A Secret with its data. */
export interface SecretContent {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * The email in each entry that nabsul/k8s-ecr-login-renew writes, from its first version on
 * (`src/k8s/kubernetes.go`, `defaultEmail`), and in each of ours. That tool writes any key in `DOCKER_REGISTRIES`,
 * so the keys do not identify it.
 */
const KNOWN_EMAILS: ReadonlySet<unknown> = new Set(['awsregrenew@demo.test', EMAIL]);

/** The user of every ECR token, and of no other registry. */
const ECR_USER = 'AWS';

/**
 * Two hundred entries (`MAXIMUM_ENTRIES`) of five texts each have some 6,000 quotes, brackets and commas, regardless of
 * the length of their tokens. To parse 1 MiB of such characters would take 30 MiB and most of a second.
 */
const MAX_DELIMITERS = 20_000;

const DELIMITERS: ReadonlySet<number> = new Set(Buffer.from('"[{,'));

/** Stand for the keys of a docker config that is not read. */
const TOO_MANY = 'too many registries to look at';
const ALIKE = 'registries under names that occur twice';

/**
 * Keys of a secret's `auths` whose credentials would be lost if the docker config replaced them: not those of
 * hosts of ECR, whose tokens live for half a day; not what the predecessor or we wrote; not the token that the docker
 * config has for the same host. None in a secret of another type, which the API server does not let us change anyway.
 */
export function findForeignKeys(
  { type, data = {} }: SecretContent,
  { dockerConfigJson }: Pick<DockerConfig, 'dockerConfigJson'>,
): readonly string[] {
  if (type !== 'kubernetes.io/dockerconfigjson') return [];
  const bytes = Buffer.from(data[DOCKER_CONFIG_KEY] ?? '', 'base64');
  if (countDelimiters(bytes) > MAX_DELIMITERS) return [TOO_MANY];
  const entries = readAuths(bytes.toString());
  if (!entries) return [ALIKE];
  const own = readAuths(dockerConfigJson) ?? [];
  const ours = new Set(own.map(([key]) => hostPortOf(key)));
  return entries
    .filter(([key, entry]) => !isEcrKey(key) && !KNOWN_EMAILS.has(textIn(entry, 'email')))
    .filter(([key, entry]) => !ours.has(hostPortOf(key)) || userOf(entry) !== ECR_USER)
    .map(([key]) => key);
}

function countDelimiters(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (DELIMITERS.has(byte)) count++;
  return count;
}

/** The kubelet reads `username` only if there is no `auth`. */
function userOf(entry: unknown): string | undefined {
  const auth = textIn(entry, 'auth');
  if (!auth) return textIn(entry, 'username');
  return Buffer.from(auth, 'base64').toString().split(':')[0];
}
