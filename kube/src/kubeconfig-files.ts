import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Cluster, KubeConfig, loadYaml, type User } from '@kubernetes/client-node';
import { createError, describeError } from '@ecr-pull-secrets/shared/errors.ts';
import * as z from 'zod';

/** What client-node does not read: `tokenFile`, and a plugin's path that starts at its file. */
const userSchema = z.looseObject({
  tokenFile: z.string().nullish(),
  exec: z.looseObject({ command: z.string().optional() }).nullish(),
});
const fileSchema = z.looseObject({
  users: z.array(z.object({ name: z.unknown(), user: userSchema.nullish() })).nullish(),
});

/**
 * Reads the current context of kubeconfig files as client-go does: the first file that has a context, a cluster, a user or a
 * current context wins with the whole entry, missing and empty files are skipped, and relative paths
 * start at the folder of their file. `as` is refused: without it we would have other rights than the
 * file grants.
 *
 * Source: client-go `tools/clientcmd/loader.go`.
 *
 * @throws ECRPS_CONFIGURATION_INVALID if no file exists, one cannot be read, or the current context
 *   names what is in none of them
 */
export function readKubeconfigs(paths: readonly string[]): { cluster: Cluster; user: User } {
  const read = paths.map((path) => ({ path, config: readKubeconfig(path) }));
  const configs = read.flatMap(({ config }) => config ?? []);
  if (configs.length === 0) throw invalid(`there is no kubeconfig at ${paths.join(', ')}`);
  const missing = read.flatMap(({ path, config }) => (config ? [] : [`${path} does not exist`]));
  const where = `the kubeconfig (${[paths.join(', '), ...missing].join('; ')})`;

  const current = configs.find(({ currentContext }) => currentContext)?.currentContext;
  if (!current) throw invalid(`${where} has no current-context`);
  const context = configs.flatMap(({ contexts }) => contexts).find(isNamed(current));
  if (!context) throw invalid(`${where} has no context "${current}"`);
  const cluster = configs.flatMap(({ clusters }) => clusters).find(isNamed(context.cluster));
  if (!cluster) throw invalid(`${where} has no cluster "${context.cluster}" with a server`);
  // A context without a user is anonymous, as behind `kubectl proxy`.
  if (!context.user) return { cluster, user: { name: 'anonymous' } };
  const user = configs.flatMap(({ users }) => users).find(isNamed(context.user));
  if (!user) throw invalid(`${where} has no user "${context.user}"`);
  if (user.impersonateUser) {
    throw invalid(
      `${where}: user "${user.name}" has as: "${user.impersonateUser}", which is not supported: name a user that has the rights itself`,
    );
  }
  return { cluster, user };
}

function readKubeconfig(path: string): KubeConfig | undefined {
  const config = new KubeConfig();
  try {
    const text = readFileSync(path, 'utf8');
    if (isEmpty(text)) return config;
    const folder = dirname(path);
    const { users, ...rest } = fileSchema.parse(loadYaml<unknown>(text));
    const completed = users?.map(({ name, user }) => ({ name, user: completeUser(user, folder) }));
    // An entry that is not complete counts only if it is the current one.
    config.loadFromString(JSON.stringify({ ...rest, users: completed }), {
      onInvalidEntry: 'filter',
    });
    config.makePathsAbsolute(folder);
    return config;
  } catch (error) {
    const isOfFile = error instanceof Error && 'code' in error;
    if (isOfFile && error.code === 'ENOENT') return undefined;
    // The text of a kubeconfig may hold a token: no parser's excerpt of it is shown.
    const problem = isOfFile ? describeError(error) : 'is not a kubeconfig in YAML or JSON';
    throw invalid(`reading the kubeconfig ${path}: ${problem}`);
  }
}

/** Replaces what client-node does not read by what it reads. */
function completeUser(user: z.output<typeof userSchema> | null | undefined, folder: string) {
  if (!user) return user;
  const { tokenFile, exec, token, ...rest } = user;
  const command = exec?.command;
  return {
    ...rest,
    // The file wins over the token: it is the one that is renewed.
    ...(tokenFile
      ? {
          'auth-provider': { name: 'tokenFile', config: { tokenFile: resolve(folder, tokenFile) } },
        }
      : { token }),
    // A bare name is searched for on the PATH.
    ...(exec && {
      exec: { ...exec, command: command?.includes('/') ? resolve(folder, command) : command },
    }),
  };
}

function isNamed(name: string): (entry: { readonly name: string }) => boolean {
  return (entry) => entry.name === name;
}

/** Whether the file has no YAML document, which the parser refuses: only blank lines, comments and `---`. */
function isEmpty(text: string): boolean {
  return text.split('\n').every((line) => /^(#|---$|$)/.test(line.trim()));
}

function invalid(problem: string): Error {
  return createError('ECRPS_CONFIGURATION_INVALID', `${problem}; for example KUBECONFIG=/etc/kubernetes/admin.conf`);
}
