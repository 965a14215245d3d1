/**
 * The guest's memory: the context, the data sections, and the stacks of the frames. An access must lie wholly within
 * one region.
 */
import { MAX_CALL_FRAMES, MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { DataSection } from '../bpf/program.ts';
import type { GuestMemory } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import { CTX_BASE, PAGE_SIZE, STACK_BASE, STACK_TOP } from '../core/layout.ts';
import { hex, toNumber, type U64, u64 } from '../core/u64.ts';
import { type AccessSize, COPIES, Region, type StackRegion } from './region.ts';

/** All of the guest's memory. */
export class Memory implements GuestMemory {
  readonly context: Region;
  readonly data: readonly Region[];
  /** From main's to the innermost frame's: the first `#depth` of them. */
  readonly #stacks = new Array<StackRegion>(MAX_CALL_FRAMES);
  #depth = 0;

  /** Copies what may change. Throws an `input` error if a section lies out of reach or on top of another one. */
  constructor(context: Uint8Array, data: readonly DataSection[], base: U64 = CTX_BASE) {
    this.context = new Region(toNumber(base), COPIES.copy(context), true);
    this.data = data.map(sectionRegion);
    if (!isAscending(this.context, this.data)) checkDisjoint([this.context, ...this.data]);
  }

  /** The stack of the frame that starts; it hides what it covers of its callers' stacks. */
  pushStack(stack: StackRegion): void {
    this.#stacks[this.#depth++] = stack;
  }

  popStack(): void {
    this.#depth--;
  }

  /**
   * The region that holds all of [address, address + size). Frames may overlap where one uses less than its
   * MAX_STACK_BYTES: a byte belongs to the innermost frame whose fp is above it. Private stacks overlap nothing.
   */
  locate(address: U64, size: AccessSize): Region | undefined {
    return this.regionAt(Number(address), size);
  }

  /** As `locate`. `at`: the address as a number, negative or rounded where it is not below 2^53. */
  regionAt(at: number, size: AccessSize): Region | undefined {
    for (let i = this.#depth - 1; i >= 0; i--) {
      const stack = this.#stacks[i] as StackRegion;
      if (at >= stack.base + MAX_STACK_BYTES || at < stack.base) continue;
      return at + size <= stack.base + MAX_STACK_BYTES ? stack : undefined;
    }
    if (this.context.holds(at, size)) return this.context;
    for (const region of this.data) if (region.holds(at, size)) return region;
    return undefined;
  }

  /** Whether an engine has pages at all of [address, address + size), whoever's they are. */
  isMapped(address: U64, size: AccessSize): boolean {
    return this.#hasPage(address) && this.#hasPage(u64(address + BigInt(size - 1)));
  }

  #hasPage(address: U64): boolean {
    if (address >= STACK_BASE && address < STACK_TOP) return true;
    const page = Math.floor(Number(address) / PAGE_SIZE);
    return [this.context, ...this.data].some(({ base, bytes }) => {
      const last = base + bytes.length - 1;
      return bytes.length > 0 && page >= Math.floor(base / PAGE_SIZE) && page <= Math.floor(last / PAGE_SIZE);
    });
  }

  /** For models of helpers and kfuncs: poison reads as some value. */
  read(address: U64, size: AccessSize): U64 | undefined {
    const region = this.locate(address, size);
    return region?.load(region.offsetOf(address), size);
  }

  /** For models of helpers and kfuncs: what they write is not poison. */
  write(address: U64, size: AccessSize, value: U64): boolean {
    const region = this.locate(address, size);
    if (region === undefined || !region.writable) return false;
    region.store(region.offsetOf(address), size, value);
    return true;
  }
}

function sectionRegion(section: DataSection): Region {
  const { name, address, bytes, writable } = section;
  const base = toNumber(address);
  if (base + bytes.length > Number.MAX_SAFE_INTEGER) {
    throw badInput('interpret', `section ${name}`, `its address ${hex(u64(address))} is not below 2^53`);
  }
  return new Region(base, writable ? COPIES.copy(bytes) : bytes, writable);
}

function checkDisjoint(regions: readonly Region[]): void {
  const sorted = regions.filter((r) => r.bytes.length > 0).sort((a, b) => a.base - b.base);
  sorted.forEach((region, i) => {
    const next = sorted[i + 1];
    if (next === undefined || region.base + region.bytes.length <= next.base) return;
    const where = `data at ${hex(next.base)}`;
    throw badInput('interpret', where, `overlaps the ${region.bytes.length} bytes at ${hex(region.base)}`);
  });
}

/** Whether each region ends before the next one begins, as most do. */
function isAscending({ base, bytes }: Region, others: readonly Region[]): boolean {
  let end = bytes.length === 0 ? 0 : base + bytes.length;
  for (const { base, bytes } of others) {
    if (bytes.length === 0) continue;
    if (base < end) return false;
    end = base + bytes.length;
  }
  return true;
}
