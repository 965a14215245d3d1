/** Lines of a descriptor as they come, for a process that does nothing else. */
import { readSync } from 'node:fs';

const READ_BYTES = 0x1_0000;

export function* linesOf(fd: number): Generator<string, void, void> {
  const buffer = Buffer.alloc(READ_BYTES);
  let pending = '';
  for (;;) {
    const length = readSync(fd, buffer);
    if (length === 0) return;
    pending += buffer.toString('utf8', 0, length);
    for (let at = pending.indexOf('\n'); at >= 0; at = pending.indexOf('\n')) {
      const line = pending.slice(0, at);
      pending = pending.slice(at + 1);
      yield line;
    }
  }
}
