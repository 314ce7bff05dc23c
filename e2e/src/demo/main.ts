/** `npm run demo`: the product at work on a real API server, in a few lines. */
import { once } from 'node:events';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { stopSignal } from '@ecr-pull-secrets/shared/runtime/stop-signal.ts';
import { ensureKubectl } from '@ecr-pull-secrets/testbed/local-cluster/binaries.ts';
import type { LocalCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { findOnPath } from '@ecr-pull-secrets/testbed/local-cluster/executable.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { runDemo } from './demo.ts';

const USAGE = `Usage: npm run demo [-- --keep]

  --keep   leave everything up afterwards, until Ctrl-C
`;

const COMMANDS = [
  'kubectl get pods --all-namespaces',
  'kubectl get pod api --namespace payments --output yaml',
  'kubectl get secret ecr-pull-secret --namespace payments --output yaml',
  'kubectl logs deployment/ecr-pull-secrets --namespace ecr-pull-secrets --container renewer',
  'helm list --all-namespaces',
  'npx node cli/src/main.ts status',
  'npx node cli/src/main.ts explain payments/api',
];

// Whatever is going on can wait for minutes; the cluster's guardian cleans up after us.
process.on('SIGINT', leaveAtOnce);
process.on('SIGTERM', leaveAtOnce);

const values = readOptions();
try {
  if (values.help) process.stdout.write(USAGE);
  else await runDemo({ say, stay: values.keep ? stayUp : async () => undefined });
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${describeError(error)}\n`);
  process.exitCode = 1;
}

/** An option that does not exist ends the process with the usage. */
function readOptions(): { readonly keep?: boolean; readonly help?: boolean } {
  try {
    return parseArgs({ options: { keep: { type: 'boolean' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n\n${USAGE}`);
    return process.exit(2);
  }
}

/** The exit code is the one that shells report of a process that the signal ended. */
function leaveAtOnce(signal: NodeJS.Signals, number: number): void {
  say(`\nInterrupted by ${signal}: all that was started ends within seconds, and its files go with it.`);
  process.exit(128 + number);
}

async function stayUp({ cluster }: Playground): Promise<void> {
  const tools = await findTools(cluster);
  const stop = stopSignal(process);
  process.off('SIGINT', leaveAtOnce);
  process.off('SIGTERM', leaveAtOnce);
  say('\nEverything stays up. In another terminal, this finds the cluster, kubectl and helm:\n');
  say(`  export KUBECONFIG=${cluster.kubeconfigPath} PATH="$PATH:${tools.join(':')}"\n`);
  say('Then look around:\n');
  for (const command of COMMANDS) say(`  ${command}`);
  say(
    `\nThe pod "api" stays Pending: this node runs only the pods of ecr-pull-secrets, as processes, and pulls no image.`,
  );
  say('Ctrl-C here ends it and leaves nothing behind.');
  await once(stop, 'abort');
}

/** The folders of kubectl, which is built if none is on PATH, and of Helm. */
async function findTools({ helmPath }: LocalCluster): Promise<readonly string[]> {
  const kubectl =
    (await findOnPath('kubectl', process.env['PATH'] ?? '')) ??
    (await ensureKubectl({ progress: progressToStderr, environment: process.env }));
  return [...new Set([dirname(kubectl), dirname(helmPath)])];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
