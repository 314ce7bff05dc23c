import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

/** What makes a process of Node.js listen to `heapAfterCollection`. */
export const INSPECTABLE = { name: 'NODE_OPTIONS', value: '--inspect=127.0.0.1:0' } as const;

/** Memory that a process has in RAM, in bytes (`VmRSS` of proc(5)). */
export function residentBytes(pid: number): Promise<number> {
  return memoryOf(pid, 'VmRSS');
}

/** The most memory that a process ever had in RAM, in bytes (`VmHWM` of proc(5)). */
export function peakResidentBytes(pid: number): Promise<number> {
  return memoryOf(pid, 'VmHWM');
}

async function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}

/**
 * Bytes of living objects of an inspectable process, after a collection of its garbage.
 *
 * @param log - what the process wrote, where the inspector's address stands
 */
export async function heapAfterCollection(log: string): Promise<number> {
  const [url = ''] = log.match(/ws:\/\/127\.0\.0\.1:\d+\/\S+/g)?.slice(-1) ?? [];
  const socket = new WebSocket(url);
  await once(socket, 'open');
  try {
    await call(socket, 'HeapProfiler.collectGarbage');
    const { usedSize } = await call(socket, 'Runtime.getHeapUsage');
    return Number(usedSize);
  } finally {
    socket.close();
    await once(socket, 'close');
  }
}

/** One command of the Chrome DevTools protocol; one at a time, so each answer is its own. */
async function call(socket: WebSocket, method: string): Promise<Readonly<Record<string, unknown>>> {
  const answered = once(socket, 'message');
  socket.send(JSON.stringify({ id: 1, method }));
  const [{ data }] = await answered;
  return JSON.parse(data).result;
}
