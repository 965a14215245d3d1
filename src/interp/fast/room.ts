/**
 * The linear memory that translated code works on, one for each thread: for as long as a run is in it, registers,
 * frames, context and data of its machine lie there, for the interpreter too, so that changing over copies nothing.
 */
import { MAX_STACK_BYTES } from '../../bpf/calling.ts';
import { REG_COUNT } from '../../bpf/reg.ts';
import type { Frame } from '../frame.ts';
import type { Machine } from '../machine.ts';
import type { Region } from '../region.ts';
import type { Registers } from '../registers.ts';
import {
  FIXED,
  FUEL,
  LOOPS,
  MAX_RANGES,
  PAGES,
  PLANE,
  RANGE,
  RANGE_BYTES,
  REG_POISON,
  REGS,
  STACKS,
  TABLE,
  TABLE_END,
} from './layout.ts';
import { WebAssembly } from './wasm.ts';

/** As it is when nothing is in it. */
interface Home {
  readonly region: Region;
  readonly bytes: Uint8Array;
  readonly poison: Uint8Array;
}

/** Made with the first run that is long enough. */
let room: Room | undefined;

/** Moves a machine in; undefined if it is too large or another one is there: a model may run programs itself. */
export function moveIn(machine: Machine): Room | undefined {
  room ??= new Room();
  return room.take(machine) ? room : undefined;
}

export class Room {
  readonly memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  readonly #bytes = new Uint8Array(this.memory.buffer);
  readonly #view = new DataView(this.memory.buffer);
  readonly #words = {
    values: new BigUint64Array(this.memory.buffer, REGS, REG_COUNT),
    poison: this.#slice(REG_POISON, REG_COUNT),
  };
  #isTaken = false;
  #regs: Registers | undefined;
  #homes: Home[] = [];
  #fixed: readonly Region[] = [];
  /** Frames that have moved in, by depth. */
  #frames: Frame[] = [];
  /** Whose addresses are in the table. */
  #tableFor: { readonly depth: number; readonly fp: bigint } | undefined;
  #isUsable = false;

  /** Whether there was room. */
  take({ memory, regs }: Machine): boolean {
    const fixed = [memory.context, ...memory.data];
    const size = fixed.reduce((sum, { bytes }) => sum + roomFor(bytes), FIXED);
    if (this.#isTaken || size > PLANE || fixed.length + MAX_FRAMES > MAX_RANGES) return false;
    this.#isTaken = true;
    this.#fixed = fixed;
    this.#tableFor = undefined;
    let at = FIXED;
    fixed.forEach((region, k) => {
      this.#move(region, at);
      this.#setRange(k, region.base, region.base + region.bytes.length, at, region.writable);
      at += roomFor(region.bytes);
    });
    regs.moveTo(this.#words);
    this.#regs = regs;
    return true;
  }

  /** Moves everything out again. */
  leave(): void {
    this.#regs?.moveBack();
    this.#regs = undefined;
    for (const { region, bytes, poison } of this.#homes) region.moveTo(bytes, poison);
    this.#homes = [];
    this.#frames = [];
    this.#fixed = [];
    this.#isTaken = false;
  }

  /** Runs translated code from a block on, for `fuel` instructions at the most; how many it ran. */
  run(
    machine: Machine,
    code: (block: number, stack: number, fuel: number) => number,
    block: number,
    fuel: number,
  ): number {
    if (!this.#prepare(machine)) return 0;
    this.#view.setInt32(LOOPS, machine.frame.loops, true);
    machine.next = code(block, STACKS + machine.depth * MAX_STACK_BYTES, fuel);
    machine.frame.loops = this.#view.getInt32(LOOPS, true);
    return fuel - this.#view.getInt32(FUEL, true);
  }

  /** The frames of this moment in the table; false if they lie where translated code would not see what is there. */
  #prepare({ depth, frame, frames }: Machine): boolean {
    if (this.#tableFor?.depth === depth && this.#tableFor.fp === frame.fp) return this.#isUsable;
    this.#tableFor = { depth, fp: frame.fp };
    let low = 0;
    this.#isUsable = true;
    for (let at = depth; at >= 0; at--) {
      const { stack, fp } = frames[at] as Frame;
      this.#moveStack(frames[at] as Frame, at);
      const top = Number(fp);
      this.#isUsable &&= top > low && stack.base === top - MAX_STACK_BYTES && this.#isFree(stack.base, top);
      // A byte belongs to the innermost frame whose fp is above it.
      const from = Math.max(stack.base, low);
      const linear = STACKS + at * MAX_STACK_BYTES + from - stack.base;
      this.#setRange(this.#fixed.length + at, from, top, linear, true);
      low = top;
    }
    this.#view.setInt32(TABLE_END, TABLE + (this.#fixed.length + depth + 1) * RANGE_BYTES, true);
    return this.#isUsable;
  }

  /** Whether no context and no data lies there. */
  #isFree(low: number, high: number): boolean {
    return this.#fixed.every(({ base, bytes }) => base >= high || base + bytes.length <= low);
  }

  #moveStack(frame: Frame, depth: number): void {
    if (this.#frames[depth] === frame) return;
    this.#frames[depth] = frame;
    this.#move(frame.stack, STACKS + depth * MAX_STACK_BYTES);
  }

  #move(region: Region, at: number): void {
    const { bytes, poison } = region;
    this.#homes.push({ region, bytes, poison });
    region.moveTo(this.#slice(at, bytes.length), this.#slice(at + PLANE, bytes.length));
  }

  #slice(at: number, length: number): Uint8Array {
    return this.#bytes.subarray(at, at + length);
  }

  #setRange(index: number, low: number, high: number, linear: number, writable: boolean): void {
    const at = TABLE + index * RANGE_BYTES;
    this.#view.setBigUint64(at + RANGE.low, BigInt(low), true);
    this.#view.setBigUint64(at + RANGE.length, BigInt(high - low), true);
    this.#view.setInt32(at + RANGE.linear, linear, true);
    this.#view.setInt32(at + RANGE.writable, Number(writable), true);
  }
}

const MAX_FRAMES = (FIXED - STACKS) / MAX_STACK_BYTES;

/** Whole words. */
const roomFor = (bytes: Uint8Array): number => 8 * Math.ceil(bytes.length / 8);
