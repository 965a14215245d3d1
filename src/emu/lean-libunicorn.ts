/**
 * What libunicorn does for each block it translates and each store of a guest, and nobody here has use for, is left out: the functions
 * that do it are replaced where it keeps their addresses (import-slots.ts), for the whole process. A guest does the same with and
 * without them. What is not found as it is known stays as it is.
 *
 * - tcg_optimize makes better code of a block. That pays when the block runs often; of cases, whose blocks run once, it takes
 *   a tenth. It may be absent: QEMU has a switch for it (USE_TCG_OPTIMIZATIONS) when it is built.
 * - 2.0.x makes a tree of the pages it would lock, at each store, had it more than one thread; in 2.1.x both functions are empty.
 * - 2.0.x looks for UNICORN_DEBUG in the environment, twice a block.
 * - 2.0.x makes tables for 32768 blocks, and clears them when it drops its translations. They grow when they must.
 * - 2.0.x and 2.1.1 clear all of a buffer of 1 GiB when they drop their translations: 14 ms, and 2 s at first.
 */
import koffi from 'koffi';
import { hasHostCode } from './host-code.ts';
import { type ImportSlot, importSlots, replaceAll } from './import-slots.ts';
import type { Libunicorn, Pointer } from './libunicorn.ts';

const MEMSET = 'memset';
const TABLES = ['qht_init', 'qht_reset_size'] as const;
/** Those of a group only together. */
const GROUPS = [
  ['tcg_optimize_x86_64'],
  ['page_collection_lock_x86_64', 'page_collection_unlock_x86_64'],
  ['getenv'],
  TABLES,
  [MEMSET],
] as const;

// biome-ignore format: an instruction a line
const ANSWER_ZERO = Uint8Array.of(
  0x31, 0xc0, // xor eax, eax
  0xc3,       // ret
);
/** 16 MiB is more than anything else that it clears, and less than its buffer of code. */
// biome-ignore format: an instruction a line
const CLEAR_LITTLE = Uint8Array.of(
  0x48, 0x81, 0xfa, 0, 0, 0, 1, // cmp rdx, 1 << 24
  0x77, 6,                      // ja 1f
  0xff, 0x25, 4, 0, 0, 0,       // jmp [rip + 4]: the word after this code, memset
  0x48, 0x89, 0xf8,             // 1: mov rax, rdi
  0xc3,                         // ret
);
/** For 1024 blocks where it was to be for all that a program may have: rdx, of both functions. */
// biome-ignore format: an instruction a line
const SMALL_TABLE = Uint8Array.of(
  0x48, 0x81, 0xfa, 0, 0x80, 0, 0, // cmp rdx, 1 << 15: CODE_GEN_HTABLE_SIZE
  0x75, 5,                         // jne 1f
  0xba, 0, 4, 0, 0,                // mov edx, 1 << 10
  0xff, 0x25, 0, 0, 0, 0,          // 1: jmp [rip]: the word after this code
);

type NamedSlot = readonly [name: string, slot: ImportSlot];

const made = new Map<Libunicorn, boolean>();

/** Leaves it out. True if libunicorn then drops all its translations in a moment. */
export function makeLean(lib: Libunicorn): boolean {
  const known = made.get(lib);
  if (known !== undefined) return known;
  const dropsQuickly = hasHostCode() && leaveOut(lib);
  made.set(lib, dropsQuickly);
  return dropsQuickly;
}

function leaveOut({ emuStopAt }: Libunicorn): boolean {
  const slots = importSlots(emuStopAt, GROUPS.flat());
  const memset = slots.get(MEMSET);
  const linked = GROUPS.flatMap((group) => asLinked(group, slots));
  replaceAll(linked.map(([name, slot]) => [slot, standIn(name, slot)]));
  return memset !== undefined && holds(memset, CLEAR_LITTLE);
}

/** Those of a group if each holds the library's function of its name, or that of another library; else none. */
function asLinked(group: readonly string[], slots: ReadonlyMap<string, ImportSlot>): readonly NamedSlot[] {
  const found = group.flatMap((name): NamedSlot[] => {
    const slot = slots.get(name);
    return slot !== undefined && isAsLinked(slot) ? [[name, slot]] : [];
  });
  return found.length === group.length ? found : [];
}

/** Another thread of this process may have been here. */
const isAsLinked = (slot: ImportSlot): boolean =>
  slot.own === null ? !holds(slot, CLEAR_LITTLE) && !holds(slot, ANSWER_ZERO) : slot.word[0] === slot.own;

function holds({ word }: ImportSlot, code: Uint8Array): boolean {
  const bytes = new Uint8Array(koffi.view(word[0] as Pointer, code.length));
  return code.every((byte, i) => bytes[i] === byte);
}

/** What each is replaced by, with the function it goes on with. */
function standIn(name: string, { word }: ImportSlot): readonly number[] {
  const code = name === MEMSET ? CLEAR_LITTLE : TABLES.includes(name as never) ? SMALL_TABLE : ANSWER_ZERO;
  return [...code, ...new Uint8Array(word.slice().buffer)];
}
