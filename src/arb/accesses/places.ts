/** Addresses of generated accesses: memory that is there, and places where nothing is. */
import {
  ARENA_BASE,
  CALLEE_BASE,
  CODE_BASE,
  DATA_BASE,
  PAGE_SIZE,
  USER_LIMIT,
  VSYSCALL_ADDR,
} from '../../core/layout.ts';
import type { Whereabouts } from './spec.ts';

/** Bytes of data, of the arena and of what belongs to this CPU; each starts a page of its own. */
export const REGION_BYTES = 64;
export const ARENA_START = 0x1_0000n;
export const PERCPU_START = DATA_BASE + BigInt(2 * PAGE_SIZE);

const PAGE = BigInt(PAGE_SIZE);

/** Of user space, though something may be there; canonical and not; next to every limit there is. */
const NO_PROBES = [
  0n,
  8n,
  CODE_BASE,
  CODE_BASE + 9n,
  CALLEE_BASE,
  USER_LIMIT - 8n,
  USER_LIMIT,
  USER_LIMIT + 1n,
  DATA_BASE + PAGE,
  0x7fff_ffff_f000n,
  0x8000_0000_0000n,
  0x1234_5678_9abc_def0n,
  0xffff_8000_0000_0000n,
  0xffff_ffff_8123_4567n,
  VSYSCALL_ADDR - 8n,
  VSYSCALL_ADDR,
  0xffff_ffff_ffff_fff8n,
];

/** Pages of the arena that nobody has allocated. */
const NO_ARENA = [0n, 8n, ARENA_START + PAGE, ARENA_START - 8n, 0x7fff_fff8n, 0x8000_0000n, 0xffff_fff0n];

export const MISSES = Math.max(NO_PROBES.length, NO_ARENA.length);

/** Where an access of so many bytes goes: an address, or its low half in the arena. */
export function placeOf(access: 'probe' | 'arena', at: Whereabouts, size: number): bigint {
  if ('hit' in at)
    return (access === 'probe' ? DATA_BASE : ARENA_START) + BigInt(at.hit % (REGION_BYTES - size + 1));
  const places = access === 'probe' ? NO_PROBES : NO_ARENA;
  return places[at.miss % places.length] as bigint;
}

export const arenaAddress = ARENA_BASE + ARENA_START;
