import { EMAIL, type DockerConfig } from '../../credentials/docker-config.ts';
import { isEcrKey } from '../../credentials/registries/registry-key.ts';
import { registryHostOf } from '../../credentials/registries/registry-host.ts';
import { DOCKER_CONFIG_KEY } from '../cache/pull-secret-metadata.ts';
import { readAuths, textIn } from './read-auths.ts';

/** A Secret with its data. */
export interface SecretContent {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * What is constant in each entry that nabsul/k8s-ecr-login-renew writes, from its first version on
 * (`src/k8s/kubernetes.go`, `defaultEmail`), and in each of ours. That tool writes whatever `DOCKER_REGISTRIES` says,
 * so its keys say nothing.
 */
const MARKS: ReadonlySet<unknown> = new Set(['awsregrenew@demo.test', EMAIL]);

/** The name that belongs to each token of ECR, and to nothing else. */
const ECR_USER = 'AWS';

/**
 * Two hundred entries (`MAXIMUM_ENTRIES`) of five texts each have some 6,000 quotes, brackets and commas, whatever the
 * length of their tokens. To build what a stranger makes of 1 MiB of them would take 30 MiB and most of a second.
 */
const MOST_MARKS_OF_JSON = 20_000;

const MARKS_OF_JSON: ReadonlySet<number> = new Set(Buffer.from('"[{,'));

/** Stand for the keys of a document that is not read. */
const TOO_MANY = 'too many registries to look at';
const ALIKE = 'registries under names that occur twice';

/**
 * Keys of a secret's `auths` whose credentials are lost for good if the document replaces them: not those of
 * hosts of ECR, whose tokens live for half a day; not what the predecessor or we wrote; not the token that the document
 * has for the same host. None in a secret of another type, which the API server does not let us change anyway.
 */
export function findForeignKeys(
  { type, data = {} }: SecretContent,
  document: Pick<DockerConfig, 'dockerConfigJson'>,
): readonly string[] {
  if (type !== 'kubernetes.io/dockerconfigjson') return [];
  const bytes = Buffer.from(data[DOCKER_CONFIG_KEY] ?? '', 'base64');
  if (countMarks(bytes) > MOST_MARKS_OF_JSON) return [TOO_MANY];
  const entries = readAuths(bytes.toString());
  if (!entries) return [ALIKE];
  const own = readAuths(document.dockerConfigJson) ?? [];
  const ours = new Set(own.map(([key]) => registryHostOf(key)));
  return entries
    .filter(([key, entry]) => !isEcrKey(key) && !MARKS.has(textIn(entry, 'email')))
    .filter(([key, entry]) => !ours.has(registryHostOf(key)) || userOf(entry) !== ECR_USER)
    .map(([key]) => key);
}

function countMarks(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (MARKS_OF_JSON.has(byte)) count++;
  return count;
}

/** The kubelet reads a name of its own only if there is no `auth`. */
function userOf(entry: unknown): string | undefined {
  const auth = textIn(entry, 'auth');
  if (!auth) return textIn(entry, 'username');
  return Buffer.from(auth, 'base64').toString().split(':')[0];
}
