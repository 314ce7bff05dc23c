/** Receives a line that explains to a person what takes so long. */
export type Progress = (line: string) => void;

/** Lines on standard error. */
export function progressToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** `3 min 10 s` */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
