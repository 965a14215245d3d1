/** Shows a call tracker what the recorder noted, as if it had been there. */
import type { U64 } from '../../core/u64.ts';
import { RSP } from '../../x86/reg.ts';
import type { CallTracker } from '../call-tracker.ts';
import { type Cpu, REG_FILE_WORDS } from '../engine.ts';
import type { ExtentMemory, TrackedMemory } from '../guest-memory.ts';
import { recorderCode } from './code.ts';
import { CALLEE_ID, PROGRAM_ID, RECORD, RETURN_ID } from './layout.ts';
import type { LogView } from './recorder.ts';

/** Memory as it was at one record: the window of stack in it, and nothing else. After the last one, as it is. */
export class RecordedMemory implements TrackedMemory {
  readonly #memory: ExtentMemory;
  #view: DataView | undefined;
  #start = 0;
  #missed = false;

  constructor(memory: ExtentMemory) {
    this.#memory = memory;
  }

  /** Whether something was asked for that no window holds. */
  get missed(): boolean {
    return this.#missed;
  }

  show(start: number, view: DataView | undefined): void {
    this.#start = start;
    this.#view = view;
  }

  read(address: U64, size: 1 | 2 | 4 | 8): U64 | undefined {
    const view = this.#view;
    if (view === undefined) return this.#memory.read(address, size);
    const at = Number(address) - this.#start;
    if (size === 8 && at >= 0 && at + 8 <= view.byteLength) return view.getBigUint64(at, true);
    this.#missed = true;
    return undefined;
  }

  /** The recorder has done it. */
  write(address: U64, size: 1 | 2 | 4 | 8, value: U64): boolean {
    return this.#view === undefined ? this.#memory.write(address, size, value) : true;
  }

  copy(address: U64, size: number): Uint8Array | undefined {
    const view = this.#view;
    if (view === undefined) return this.#memory.copy(address, size);
    const at = Number(address) - this.#start;
    if (at >= 0 && at + size <= view.byteLength)
      return this.#memory.keep(new Uint8Array(view.buffer, view.byteOffset + at, size));
    this.#missed = true;
    return undefined;
  }
}

/** By index, where who can be called is. */
export interface RecordedAddresses {
  readonly callees: readonly U64[];
  readonly subprogs: readonly U64[];
  /** Of each subprog, where tail calls enter it. */
  readonly programs: readonly U64[];
}

function addressOf(id: number, { callees, subprogs, programs }: RecordedAddresses): U64 | undefined {
  if (id >= PROGRAM_ID) return programs[id - PROGRAM_ID];
  return id >= CALLEE_ID ? callees[id - CALLEE_ID] : subprogs[id];
}

/** False if the log does not fit together: then the run says nothing. */
export function replay(
  { words, stride, count }: LogView,
  addresses: RecordedAddresses,
  memory: RecordedMemory,
  tracker: CallTracker,
): boolean {
  const back = BigInt(recorderCode().back);
  const windowBytes = 8 * (stride - RECORD.window);
  for (let k = 0; k < count; k++) {
    const at = k * stride;
    const id = Number(words[at + RECORD.id]);
    const regs = words.subarray(at + RECORD.regs, at + RECORD.regs + REG_FILE_WORDS);
    const rsp = Number(regs[RSP]);
    const isReturn = id === RETURN_ID;
    const address = isReturn ? tracker.returnAddress : addressOf(id, addresses);
    if (address === undefined) return false;
    if (isReturn) {
      // The word below rsp: what the subprog returned by.
      const last = at + stride - 1;
      if (words[last] !== back) return false;
      words[last] = address;
    }
    const view = new DataView(words.buffer, words.byteOffset + 8 * (at + RECORD.window), windowBytes);
    memory.show(isReturn ? rsp - windowBytes : rsp, view);
    tracker.onBlock(Number(address), cpuOf(regs));
    if (memory.missed) return false;
  }
  memory.show(0, undefined);
  return true;
}

/** A guest that has gone on long since. */
export const cpuOf = (regs: BigUint64Array): Cpu => ({
  readRegs: (out) => out.set(regs),
  writeRegs: () => undefined,
  reg: (gpr) => regs[gpr] ?? 0n,
  setReg: () => undefined,
  watch: () => undefined,
  stop: () => undefined,
});
