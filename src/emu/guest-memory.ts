/** Guest memory as callee models and the call tracker see it: exact extents, little-endian words. */
import { Arena } from '../core/arena.ts';
import type { GuestMemory } from '../core/env.ts';
import type { U64 } from '../core/u64.ts';

/** Guest memory a program may reach, with the exact number of bytes it has there. */
export interface Extent {
  /** Below 2^47. */
  readonly address: U64;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
}

/** Guest memory as the call tracker sees it. */
export interface TrackedMemory extends GuestMemory {
  /** A copy of `size` bytes; none where they are not all there. */
  copy(address: U64, size: number): Uint8Array | undefined;
}

const COPIES = new Arena();

/** An extent by numbers: those lie below 2^53, where they are exact; no address above can be taken for one of theirs. */
class Place {
  readonly start: number;
  readonly end: number;
  readonly extent: Extent;
  #view: DataView | undefined;

  constructor(extent: Extent) {
    this.start = Number(extent.address);
    this.end = this.start + extent.bytes.length;
    this.extent = extent;
  }

  /** Made when it is asked for: many runs look at the stack alone. */
  get view(): DataView {
    const { buffer, byteOffset, byteLength } = this.extent.bytes;
    this.#view ??= new DataView(buffer, byteOffset, byteLength);
    return this.#view;
  }
}

/** Memory over extents; an access must lie within one of them. */
export class ExtentMemory implements TrackedMemory {
  readonly #places: readonly Place[];

  /** Extents used most come first. */
  constructor(extents: readonly Extent[]) {
    this.#places = extents.map((extent) => new Place(extent));
  }

  read(address: U64, size: 1 | 2 | 4 | 8): U64 | undefined {
    const at = Number(address);
    const place = this.#find(at, size);
    if (place === undefined) return undefined;
    const offset = at - place.start;
    switch (size) {
      case 1:
        return BigInt(place.view.getUint8(offset));
      case 2:
        return BigInt(place.view.getUint16(offset, true));
      case 4:
        return BigInt(place.view.getUint32(offset, true));
      case 8:
        return place.view.getBigUint64(offset, true);
    }
  }

  write(address: U64, size: 1 | 2 | 4 | 8, value: U64): boolean {
    const at = Number(address);
    const place = this.#find(at, size);
    if (place?.extent.writable !== true) return false;
    const offset = at - place.start;
    if (size === 8) place.view.setBigUint64(offset, value, true);
    else if (size === 4) place.view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
    else if (size === 2) place.view.setUint16(offset, Number(BigInt.asUintN(16, value)), true);
    else place.view.setUint8(offset, Number(BigInt.asUintN(8, value)));
    return true;
  }

  /** A copy of `size` bytes; none where they do not lie within one extent. */
  copy(address: U64, size: number): Uint8Array | undefined {
    const at = Number(address);
    const place = this.#find(at, size);
    return place && COPIES.copy(place.extent.bytes, at - place.start, at - place.start + size);
  }

  /** A copy of bytes from elsewhere. */
  keep(bytes: Uint8Array): Uint8Array {
    return COPIES.copy(bytes);
  }

  #find(at: number, size: number): Place | undefined {
    for (const place of this.#places) {
      if (at >= place.start && at + size <= place.end) return place;
    }
    return undefined;
  }
}
