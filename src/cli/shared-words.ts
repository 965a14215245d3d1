/** Numbers that processes share: a file without a name, which is gone when the last of them has ended. */
import { randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WORD = Int32Array.BYTES_PER_ELEMENT;

export class SharedWords {
  /** To be handed on to a process. */
  readonly fd: number;
  readonly #word = new Int32Array(1);

  /** Those of a descriptor that another process has handed on. */
  constructor(fd: number) {
    this.fd = fd;
  }

  /** So many new ones, all 0. */
  static make(count: number): SharedWords {
    const path = join(tmpdir(), `bpf-oracle-${randomUUID()}`);
    const fd = openSync(path, 'wx+', 0o600);
    rmSync(path);
    ftruncateSync(fd, count * WORD);
    return new SharedWords(fd);
  }

  get(index: number): number {
    readSync(this.fd, this.#word, 0, WORD, index * WORD);
    return this.#word[0] as number;
  }

  /** There for all, even if this process is killed next. */
  set(index: number, value: number): void {
    this.#word[0] = value;
    writeSync(this.fd, this.#word, 0, WORD, index * WORD);
  }

  close(): void {
    closeSync(this.fd);
  }
}
