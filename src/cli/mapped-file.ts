/**
 * A file as memory (mmap(2), MAP_SHARED): what is stored in it is in the file from then on, even if this process
 * is killed, without a system call.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import koffi from 'koffi';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Bytes of a file. They must not be touched after `close`. */
export interface MappedFile {
  readonly bytes: Uint8Array;
  close(): void;
}

/** Maps a whole file, which must not be empty; null where that cannot be done: hosts other than 64-bit Linux. */
export function mapFile(path: string): MappedFile | null {
  if (process.platform !== 'linux') return null;
  const libc = koffi.load(null);
  const mmap = libc.func('void *mmap(void *address, size_t size, int prot, int flags, int fd, long offset)');
  const munmap = libc.func('int munmap(void *address, size_t size)');
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    const memory: bigint | null = mmap(null, size, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    if (memory === null || BigInt.asUintN(64, memory) === MAP_FAILED) return null;
    return { bytes: new Uint8Array(koffi.view(memory, size)), close: () => munmap(memory, size) };
  } finally {
    closeSync(fd);
  }
}
