/**
 * Data of programs and of kernels in the guest, a region of whole pages for each section, put back before each run.
 * Some may stay mapped for runs to come: to map one is a system call of a guest, which can cost as much as a run.
 */
import type { Arena } from '../core/arena.ts';
import type { ImageMemory } from '../core/image.ts';
import { PAGE_SIZE } from '../core/layout.ts';
import { low32, type U64 } from '../core/u64.ts';
import type { Engine, Region } from './engine.ts';
import { overlap } from './guest-space.ts';
import type { NativeData } from './native-subject.ts';

/** Sections that are mapped at once, with those that no run has. */
const MAX_MAPPED = 32;
const PAGE = BigInt(PAGE_SIZE);
const ZEROS = Buffer.alloc(PAGE_SIZE);

/** A region that stays mapped while it fits. */
export interface Slot {
  readonly region: Region;
  readonly bytes: () => Uint8Array;
}

export class DataSections {
  readonly #engine: Engine;
  /** What was last prepared: the same again needs no second look. */
  #known: readonly NativeData[] | undefined;
  #knownKernel: ImageMemory | undefined;
  /** Of the run: the program's by index, then the kernel's. */
  #current: readonly Slot[] = [];
  /** Those, and some of runs before it. */
  #mapped: readonly Slot[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** True if sections are elsewhere now. `alone`: no section of another run is left. */
  prepare(data: readonly NativeData[], kernel: ImageMemory | undefined, alone: boolean): boolean {
    const isSame = this.#known !== undefined && areAlike(data, this.#known);
    const moved = !isSame || kernel !== this.#knownKernel;
    const isCrowded = alone && this.#mapped.length > this.#current.length;
    // Where the engine refuses a region, nothing is known of what is there.
    this.#known = undefined;
    if (moved || isCrowded) this.#map([...data.map(dataRegion), ...kernelRegions(kernel)], alone);
    this.#known = data;
    this.#knownKernel = kernel;
    data.forEach((section, i) => {
      putBack(this.#current[i], section);
    });
    if (kernel !== undefined) putBack(this.#current[data.length], kernel);
    return moved;
  }

  /** Whether what runs before have left is as it is left: zeros. */
  areOthersUntouched(): boolean {
    return this.#mapped.every((slot) => this.#current.includes(slot) || areZeros(slot.bytes()));
  }

  /** The bytes of a section, by its index. */
  bytes({ address, bytes }: NativeData, index: number): Uint8Array {
    const offset = inPage(address);
    const all = this.#current[index]?.bytes() ?? new Uint8Array(0);
    return all.subarray(offset, offset + bytes.length);
  }

  /** A copy of them; `known` if it is the same. */
  copy({ address, bytes }: NativeData, index: number, copies: Arena, known?: Uint8Array): Uint8Array {
    const offset = inPage(address);
    const all = this.#current[index]?.bytes();
    if (all === undefined) return copies.zeros(0);
    return copies.copyUnless(known, all, offset, offset + bytes.length);
  }

  /** Takes away what other runs have left where a region is to be. */
  makeRoom(region: Region): void {
    this.#unmap((slot) => !this.#current.includes(slot) && overlap(region, slot.region));
  }

  #map(wanted: readonly Region[], alone: boolean): void {
    const there = wanted.map((region, i) => {
      // The second of two at one place is for the engine to refuse.
      const isFirst = wanted.findIndex((other) => isSameRegion(other, region)) === i;
      return isFirst ? this.#mapped.find((slot) => isSameRegion(slot.region, region)) : undefined;
    });
    this.#current = there.filter((slot) => slot !== undefined);
    if (alone || this.#mapped.length >= MAX_MAPPED) this.#unmap((slot) => !this.#current.includes(slot));
    this.#current = wanted.map((region, i) => there[i] ?? this.#mapOne(region));
    for (const slot of this.#mapped) if (!this.#current.includes(slot)) slot.bytes().fill(0);
  }

  /** For this run: what it maps next makes no room there. */
  #mapOne(region: Region): Slot {
    this.makeRoom(region);
    const slot = { region, bytes: this.#engine.map(region) };
    this.#mapped = [...this.#mapped, slot];
    this.#current = [...this.#current, slot];
    return slot;
  }

  #unmap(isUnwanted: (slot: Slot) => boolean): void {
    const unwanted = this.#mapped.filter(isUnwanted);
    if (unwanted.length === 0) return;
    this.#mapped = this.#mapped.filter((slot) => !unwanted.includes(slot));
    for (const { region } of unwanted) this.#engine.unmap(region);
  }
}

/** Whether they are to lie at the same places. */
function areAlike(some: readonly NativeData[], others: readonly NativeData[]): boolean {
  if (some === others) return true;
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) {
    const [a, b] = [some[i] as NativeData, others[i] as NativeData];
    if (a.address !== b.address || a.bytes.length !== b.bytes.length || a.writable !== b.writable)
      return false;
  }
  return true;
}

/** Of whole pages. */
export function areZeros(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += PAGE_SIZE)
    if (ZEROS.compare(bytes, at, at + PAGE_SIZE) !== 0) return false;
  return true;
}

function putBack(slot: Slot | undefined, { address, bytes }: ImageMemory): void {
  const all = slot?.bytes();
  const offset = inPage(address);
  all?.fill(0, 0, offset).set(bytes, offset);
  all?.fill(0, offset + bytes.length);
}

function dataRegion({ address, bytes, writable }: NativeData, index: number): Region {
  const size = wholePages(inPage(address) + Math.max(bytes.length, 1));
  return { name: `data ${index}`, address: pageFloor(address), size, perms: writable ? 'rw' : 'r' };
}

/** It says where it lies itself, by the page. */
function kernelRegions(memory: ImageMemory | undefined): Region[] {
  const size = wholePages(memory?.bytes.length ?? 0);
  return memory === undefined || size === 0
    ? []
    : [{ name: 'kernel', address: memory.address, size, perms: 'rw' }];
}

const isSameRegion = (a: Region, b: Region): boolean =>
  a.address === b.address && a.size === b.size && a.perms === b.perms;

export const wholePages = (size: number): number => Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
export const pageFloor = (address: U64): U64 => address - (address % PAGE);
/** Bytes of its page before an address. */
export const inPage = (address: U64): number => low32(address) & (PAGE_SIZE - 1);
