import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { builtBundle } from '@ecr-pull-secrets/testbed/playground/built-bundle.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

export interface StatusRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** Of the process, which does not depend on what else runs on the machine. */
  readonly cpuSeconds: number;
  /** The most memory that the process had, in MiB. */
  readonly peakMebibytes: number;
}

interface StatusOptions {
  readonly variables?: Readonly<Record<string, string>>;
  /** Called with the process when it runs. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Prints behind the report, when the process ends, its peak memory in KiB and its CPU time in microseconds. */
const MEASURE = `data:text/javascript,process.on('exit',()=>{
  const {maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();
  process.stderr.write('used '+maxRSS+' '+(userCPUTime+systemCPUTime)+'\\n');
})`.replaceAll('\n', '');

/** Runs `ecr-pull-secrets status` of the bundle, as somebody with the kubeconfig of the cluster. */
export async function runStatus(
  { cluster }: Pick<Playground, 'cluster'>,
  args: readonly string[] = [],
  { variables = {}, onStart }: StatusOptions = {},
): Promise<StatusRun> {
  const startMs = performance.now();
  const child = spawn(process.execPath, ['--import', MEASURE, await builtBundle(), 'status', ...args], {
    env: { KUBECONFIG: cluster.kubeconfigPath, ...variables },
  });
  onStart?.(child);
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const [, peakKibibytes = '', cpuMicroseconds = ''] = /^used (\d+) (\d+)$/m.exec(stderr) ?? [];
  return {
    exitCode,
    stdout,
    stderr: stderr.replace(/^used .*\n/m, ''),
    seconds: (performance.now() - startMs) / 1000,
    cpuSeconds: Number(cpuMicroseconds) / 1e6,
    peakMebibytes: Number(peakKibibytes) / 1024,
  };
}
