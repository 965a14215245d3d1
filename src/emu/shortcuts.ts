/**
 * What libunicorn can do without while a named run goes on (named-runs.ts), for which nobody asks where it faulted: a run that faults
 * counts for nothing. The functions that do it are replaced (import-slots.ts) by code that looks whose run it is (shortcut-code.ts).
 *
 * - It reads code byte by byte, 270 of a case, and looks for the region and for hooks each time: code of one region is read where it lies.
 * - It marks where each instruction begins, and keeps a tree of its blocks, to tell where in the guest a fault was: a block has one mark, and
 *   the tree none of the blocks of these runs.
 * - Each block looks whether the run is to end. It does not, and does not jump to blocks that were made before it, nor to others it
 *   has to look for: what goes on for ever comes back to libunicorn again and again, which looks itself.
 * - 2.0.x looks at each store whether it changes code, since it never notes that a page has none: it is noted of the stack's.
 * - It handles the eight registers of MPX at each end of a block; the CPU it is to be (Haswell) has none: there is one.
 *
 * Guests that can change their code need that tree, and have no named runs. A process has it for one thread, that which is first.
 */
import koffi from 'koffi';
import type { GuestSpace, Mapped } from './guest-space.ts';
import { hasHostCode, PAGE, placeCode, placeWords } from './host-code.ts';
import { type ImportSlot, importSlots, replaceAll } from './import-slots.ts';
import { type Libunicorn, type Pointer, VERSION_2_1 } from './libunicorn.ts';
import { LOAD_WORDS, NOBODY, SHORTCUTS, type ShortcutName, THREAD_POINTER, WORD } from './shortcut-code.ts';

const READ = 'cpu_ldub_code_x86_64';
const SET_DIRTY = 'tlb_set_dirty_x86_64';
const EXIT_TB = 'tcg_gen_exit_tb_x86_64';
const ADD_OP = 'tcg_gen_op2_x86_64';
const SET_PAGE = 'tlb_set_page_with_attrs_x86_64';
/** Those of a group only together. */
const GROUPS: readonly (readonly ShortcutName[])[] = [
  [READ, 'cpu_ldl_code_x86_64'],
  ['tcg_tb_insert_x86_64'],
  [
    'tcg_func_start_x86_64',
    ADD_OP,
    'tcg_gen_brcondi_i32_x86_64',
    'tb_set_jmp_target_x86_64',
    'tcg_gen_lookup_and_goto_ptr_x86_64',
  ],
  [SET_PAGE],
  ['tcg_global_mem_new_internal_x86_64'],
];
/** Releases whose operations have the numbers known here. */
const KNOWN_OPS: readonly number[] = [0x0200_0100, 0x0201_0100, 0x0201_0400].map((version) => version >> 8);

export class Shortcuts {
  readonly #words: BigUint64Array;
  /** Words are below 2^32 or change by their lower half alone. */
  readonly #halves: Uint32Array;
  readonly #thread: number;
  readonly #holder: number;
  #code: Mapped | undefined;
  #stack: Uint8Array | undefined;

  /** One of several that may have these words, of which one at a time has a run that goes on. */
  constructor(words: BigUint64Array) {
    this.#words = words;
    this.#halves = new Uint32Array(words.buffer, words.byteOffset, 2 * words.length);
    this.#thread = this.#halves[2 * WORD.thread] as number;
    this.#holder = (this.#halves[2 * WORD.holders] as number) + 1;
    this.#set(WORD.holders, this.#holder);
    words[WORD.owner] = words[WORD.thread] as bigint;
    this.end();
  }

  /** A run begins, most of whose code is what was loaded last, on this stack. */
  begin({ latest, mapped }: GuestSpace, stack: Uint8Array): void {
    if (this.#halves[2 * WORD.holder] !== this.#holder) this.#hold();
    if (latest !== this.#code) this.#readFrom(latest);
    if (stack !== this.#stack) this.#storeTo(mapped.find(({ bytes }) => bytes === stack));
    this.#stack = stack;
    this.#set(WORD.owner, this.#thread);
  }

  end(): void {
    this.#set(WORD.owner, NOBODY);
  }

  /** A handle that is opened meanwhile models a Haswell. */
  opening<Handle>(open: () => Handle): Handle {
    this.#words[WORD.global] = 0n;
    this.#set(WORD.owner, this.#thread);
    try {
      return open();
    } finally {
      this.end();
    }
  }

  #hold(): void {
    this.#set(WORD.holder, this.#holder);
    this.#readFrom(undefined);
    this.#stack = undefined;
  }

  #readFrom(code: Mapped | undefined): void {
    this.#code = code;
    this.#set(WORD.size, 0);
    if (code === undefined) return;
    this.#words[WORD.base] = code.region.address;
    this.#words[WORD.bytes] = koffi.address(code.bytes);
    this.#set(WORD.size, code.region.size - 3);
  }

  #storeTo(stack: Mapped | undefined): void {
    this.#words[WORD.stack] = stack?.region.address ?? 0n;
    this.#set(WORD.stackSize, stack?.region.perms === 'rw' ? stack.region.size : 0);
  }

  #set(word: number, value: number): void {
    this.#halves[2 * word] = value;
  }
}

const THREAD_PROTO = koffi.proto('uint64_t()');
const placed = new Map<Libunicorn, Shortcuts | null>();

/** For all handles of this thread, for one of them runs at a time; null where there are none. */
export function shortcutsOf(lib: Libunicorn): Shortcuts | null {
  const known = placed.get(lib);
  if (known !== undefined) return known;
  const shortcuts = hasHostCode() ? place(lib) : null;
  placed.set(lib, shortcuts);
  return shortcuts;
}

function place(lib: Libunicorn): Shortcuts | null {
  const slots = importSlots(lib.emuStopAt, GROUPS.flat());
  const read = slots.get(READ);
  const thread = threadPointer();
  if (read === undefined || thread === null) return null;
  if (read.own !== read.word[0]) return shortcutsAt(thread, read);
  const host = placeWords();
  if (host === null) return null;
  host.words[WORD.thread] = thread;
  host.words[WORD.setDirty] = lib.symbol(SET_DIRTY) ?? 0n;
  host.words[WORD.exitTb] = lib.symbol(EXIT_TB) ?? 0n;
  const names = GROUPS.filter((group) => group.every((name) => isKnown(name, lib, slots.get(name)))).flat();
  const changes = names.map((name, i): [slot: ImportSlot, code: readonly number[]] => {
    const slot = slots.get(name) as ImportSlot;
    host.words[WORD.before + i] = slot.own as Pointer;
    return [slot, SHORTCUTS[name](host.at, WORD.before + i)];
  });
  return replaceAll(changes) ? new Shortcuts(host.words) : null;
}

/** Whether it does in this library what it is known for, and is reached through its slot. */
function isKnown(name: ShortcutName, { version, symbol }: Libunicorn, slot: ImportSlot | undefined): boolean {
  if (slot === undefined || slot.own !== slot.word[0]) return false;
  if (name === ADD_OP) return KNOWN_OPS.includes(version >> 8) && symbol(EXIT_TB) !== null;
  // 2.1 notes that pages have no code, and has to know of it.
  if (name === SET_PAGE) return version < VERSION_2_1 && symbol(SET_DIRTY) !== null;
  return true;
}

/** What no other thread has while this one is there; one that comes after it may. */
function threadPointer(): bigint | null {
  const code = placeCode(Uint8Array.from(THREAD_POINTER));
  return code === null ? null : BigInt(koffi.decode(code, THREAD_PROTO)());
}

/** Those of this thread, or of one before it that had its place, if they are there already; else null. */
function shortcutsAt(thread: bigint, { word }: ImportSlot): Shortcuts | null {
  const there = new DataView(koffi.view(word[0] as Pointer, LOAD_WORDS.length + 8));
  if (LOAD_WORDS.some((byte, i) => there.getUint8(i) !== byte)) return null;
  const words = new BigUint64Array(koffi.view(there.getBigUint64(LOAD_WORDS.length, true), PAGE));
  return words[WORD.thread] === thread ? new Shortcuts(words) : null;
}
