/** What a command must still close when it is over, however it ends. */
const CLOSERS = new Set<() => void>();

/** To be called once, when the command is over. */
export function atEnd(close: () => void): void {
  CLOSERS.add(close);
}

export function closeAtEnd(): void {
  for (const close of CLOSERS) close();
  CLOSERS.clear();
}
