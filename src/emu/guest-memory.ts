/** Guest memory as callee models and the call tracker see it: exact extents, little-endian words. */
import type { GuestMemory } from '../core/env.ts';
import type { U64 } from '../core/u64.ts';
import type { Extent } from './address-space.ts';

/** Memory over extents; an access must lie within one of them. */
export class ExtentMemory implements GuestMemory {
  readonly #extents: readonly { readonly extent: Extent; readonly view: DataView }[];

  constructor(extents: readonly Extent[]) {
    this.#extents = extents.map((extent) => {
      const { buffer, byteOffset, byteLength } = extent.bytes;
      return { extent, view: new DataView(buffer, byteOffset, byteLength) };
    });
  }

  read(address: U64, size: 1 | 2 | 4 | 8): U64 | undefined {
    const place = this.#find(address, size);
    if (place === undefined) return undefined;
    const { view, offset } = place;
    switch (size) {
      case 1:
        return BigInt(view.getUint8(offset));
      case 2:
        return BigInt(view.getUint16(offset, true));
      case 4:
        return BigInt(view.getUint32(offset, true));
      case 8:
        return view.getBigUint64(offset, true);
    }
  }

  write(address: U64, size: 1 | 2 | 4 | 8, value: U64): boolean {
    const place = this.#find(address, size);
    if (place?.extent.writable !== true) return false;
    const { view, offset } = place;
    const low = Number(BigInt.asUintN(32, value));
    if (size === 1) view.setUint8(offset, low);
    else if (size === 2) view.setUint16(offset, low, true);
    else if (size === 4) view.setUint32(offset, low, true);
    else view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    return true;
  }

  /** A copy of `size` bytes; none where they do not lie within one extent. */
  copy(address: U64, size: number): Uint8Array | undefined {
    const place = this.#find(address, size);
    return place?.extent.bytes.slice(place.offset, place.offset + size);
  }

  #find(
    address: U64,
    size: number,
  ): { readonly extent: Extent; readonly view: DataView; readonly offset: number } | undefined {
    for (const { extent, view } of this.#extents) {
      const offset = Number(address - extent.address);
      if (offset >= 0 && offset + size <= view.byteLength) return { extent, view, offset };
    }
    return undefined;
  }
}
