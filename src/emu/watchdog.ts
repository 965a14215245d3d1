/**
 * Ends runs that do not end: a thread of the host looks, a few times a second, whether the same run still goes on, and
 * stops it. It costs a run two stores, where to count its blocks costs each block a call. The thread is machine code, for
 * JavaScript does not run while a guest does:
 *
 *   again: nanosleep(tick); if (words.run is not 0, and what it was) { swap it for STOPPING; uc_emu_stop(words.uc); words.run = 0 }
 *
 * Whoever ends a run swaps its number for 0: either finds that the other was first, and a handle is never closed while it is
 * being stopped.
 */
import koffi from 'koffi';
import { Assembler } from '../x86/assembler.ts';
import { ADD, CALL_RM64, CMP, JCC, JMP, MOV, PUSH_R64 } from '../x86/forms.ts';
import { RAX, RBX, RCX, RDI, RSI } from '../x86/reg.ts';
import { type HostPage, placeCode, placeWords } from './host-code.ts';
import type { Libunicorn, Pointer } from './libunicorn.ts';

/** Words of what the thread and its maker share. */
const WORD = { run: 0, seen: 1, uc: 2, tick: 3, nanosleep: 5, emuStop: 6 } as const;
/** Runs are numbered from 1 to this; above it is STOPPING. */
const MAX_RUN = 0x7fff_fff0;
const STOPPING = 0x7fff_ffff;
/** A run is stopped when it has gone on for one to two of these, in nanoseconds: a thousand times what one takes. */
const TICK_NS = 50_000_000n;
/** SDM 2A: `lock cmpxchg [rbx], ecx`. */
const LOCK_CMPXCHG = Uint8Array.of(0xf0, 0x0f, 0xb1, 0x0b);

export class Watchdog {
  readonly #state: Int32Array;
  readonly #uc: BigUint64Array;
  #run = 0;

  constructor({ words }: HostPage) {
    this.#state = new Int32Array(words.buffer, words.byteOffset, 2);
    this.#uc = words.subarray(WORD.uc, WORD.uc + 1);
  }

  /** A run of this handle begins. */
  begin(uc: Pointer): void {
    this.#uc[0] = uc;
    this.#run = this.#run === MAX_RUN ? 1 : this.#run + 1;
    Atomics.store(this.#state, 0, this.#run);
  }

  /** It has ended; true if it was stopped, or nearly so. */
  end(): boolean {
    if (Atomics.compareExchange(this.#state, 0, this.#run, 0) === this.#run) return false;
    // For as long as uc_emu_stop takes: it sets two flags.
    while (Atomics.load(this.#state, 0) !== 0);
    return true;
  }
}

const started = new Map<Libunicorn, Watchdog | null>();

/** One for all handles of this thread, for one of them runs at a time; null where there can be none. It is never ended. */
export function watchdogOf(lib: Libunicorn): Watchdog | null {
  const known = started.get(lib);
  if (known !== undefined) return known;
  const watchdog = start(lib);
  started.set(lib, watchdog);
  return watchdog;
}

function start({ emuStopAt }: Libunicorn): Watchdog | null {
  const code = placeCode(threadCode());
  const host = placeWords();
  if (code === null || host === null) return null;
  const libc = koffi.load(null);
  host.words[WORD.tick + 1] = TICK_NS;
  host.words[WORD.nanosleep] = libc.symbol('nanosleep');
  host.words[WORD.emuStop] = emuStopAt;
  const create = libc.func('int pthread_create(_Out_ void **thread, void *attr, void *start, void *arg)');
  const detach = libc.func('int pthread_detach(void *thread)');
  const thread: [Pointer | null] = [null];
  if (create(thread, null, code, host.at) !== 0) return null;
  detach(thread[0]);
  return new Watchdog(host);
}

/** psABI §3.2.3: rdi = the words. Does not return. */
function threadCode(): Uint8Array {
  const asm = new Assembler(128);
  asm.o(PUSH_R64, RBX);
  asm.mr(MOV.rm64_r64, RBX, RDI);
  const again = asm.length;
  const repeat = (form: typeof JMP.rel32): void => {
    asm.rel(form, 0);
    asm.patch32(asm.length - 4, again - asm.length);
  };
  asm.mr(MOV.rm64_r64, RDI, RBX);
  asm.mi(ADD.rm64_imm8, RDI, 8 * WORD.tick);
  asm.oi(MOV.r32_imm32, RSI, 0);
  asm.memOne(CALL_RM64, RBX, 8 * WORD.nanosleep);
  asm.mem(MOV.r64_rm64, RBX, 8 * WORD.run, RAX);
  asm.mem(CMP.rm64_r64, RBX, 8 * WORD.seen, RAX);
  asm.mem(MOV.rm64_r64, RBX, 8 * WORD.seen, RAX);
  repeat(JCC.ne.rel32);
  asm.mi(CMP.rm64_imm8, RAX, 0);
  repeat(JCC.e.rel32);
  asm.oi(MOV.r32_imm32, RCX, STOPPING);
  asm.raw(LOCK_CMPXCHG);
  repeat(JCC.ne.rel32);
  asm.mem(MOV.r64_rm64, RBX, 8 * WORD.uc, RDI);
  asm.memOne(CALL_RM64, RBX, 8 * WORD.emuStop);
  asm.memImm(MOV.rm64_imm32, RBX, 8 * WORD.run, 0);
  repeat(JMP.rel32);
  return asm.copy();
}
