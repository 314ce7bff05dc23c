/** A stream that people, files or other programs read; `process.stdout` is one. */
export interface Output {
  write(text: string): unknown;
  /** Whether it is a person's screen. */
  readonly isTTY?: boolean | undefined;
}
