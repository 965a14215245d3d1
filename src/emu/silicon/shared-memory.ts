/**
 * Memory that this process and guests share: segments of one file in memory, each mapped here once and for good.
 * A segment that is no longer used is kept for the next region of its size, so that a view somebody still holds
 * never points to nothing, and nothing is mapped twice.
 */
import { PAGE_SIZE } from '../../core/layout.ts';
import {
  errorText,
  failed,
  libc,
  mapShared,
  memoryFile,
  type Pointer,
  removePages,
  viewOf,
} from './linux.ts';

/** Whole pages, as many as the next power of two. */
export interface Segment {
  /** In the file. */
  readonly offset: number;
  /** Address of its first byte in this process. */
  readonly at: Pointer;
  readonly bytes: Uint8Array;
}

/** From this size on, a free segment's pages go back to the system. */
const GIVE_BACK_FROM = 1 << 20;

export class SharedMemory {
  readonly #free = new Map<number, Segment[]>();
  #fd = -1;
  #size = 0;

  /** The file, for guests to map. */
  get fd(): number {
    if (this.#fd < 0) this.#fd = memoryFile('bpf-oracle-memory');
    return this.#fd;
  }

  /** At least so many bytes of zeros. Throws an `engine` error when there is no memory. */
  allocate(size: number): Segment {
    const whole = Math.max(PAGE_SIZE, 2 ** Math.ceil(Math.log2(size)));
    const known = this.#free.get(whole)?.pop();
    if (known === undefined) return this.#grow(whole);
    known.bytes.fill(0);
    return known;
  }

  release(segment: Segment): void {
    const { length } = segment.bytes;
    if (length >= GIVE_BACK_FROM) removePages(segment.at, length);
    const free = this.#free.get(length);
    if (free === undefined) this.#free.set(length, [segment]);
    else free.push(segment);
  }

  #grow(size: number): Segment {
    const offset = this.#size;
    if (libc().ftruncate(this.fd, offset + size) < 0) throw failed('ftruncate', errorText());
    const at = mapShared(this.fd, size, offset);
    this.#size += size;
    return { offset, at, bytes: viewOf(at, size) };
  }
}

let shared: SharedMemory | undefined;

/** The memory of all engines of this thread. */
export function sharedMemory(): SharedMemory {
  shared ??= new SharedMemory();
  return shared;
}
