import { readdir, readFile } from 'node:fs/promises';

/** CPU time of all threads of a process so far. `/proc/PID/schedstat` counts nanoseconds, `stat` only ticks of 10 ms. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  // A thread may end meanwhile.
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0')),
  );
  const nanoseconds = texts.map((text) => Number(text.split(' ')[0]));
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
}

/** Memory of a process in RAM in MiB: now (`VmRSS` of proc(5)), or the most it ever had (`VmHWM`). */
export async function residentMebibytesOf(pid: number, field: 'VmRSS' | 'VmHWM' = 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
}
