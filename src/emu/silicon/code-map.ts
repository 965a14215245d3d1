/** Which of a guest's regions hold code, by numbers: asked for at every breakpoint. */

import type { Mapped } from '../guest-space.ts';
import type { CodeByte } from './breakpoints.ts';

interface CodeRegion {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

export class CodeMap {
  #regions: readonly CodeRegion[] = [];

  /** After a change of what is mapped. */
  update(mapped: readonly Mapped[]): void {
    this.#regions = mapped
      .filter(({ region }) => region.perms.includes('x'))
      .map(({ region: { address, size }, bytes }) => {
        const start = Number(address);
        return { start, end: start + size, bytes };
      });
  }

  has(address: number): boolean {
    return this.#at(address) !== undefined;
  }

  /** Where the host has a byte of it. */
  byte(address: number): CodeByte | undefined {
    const region = this.#at(address);
    return region && { bytes: region.bytes, offset: address - region.start };
  }

  #at(address: number): CodeRegion | undefined {
    return this.#regions.find(({ start, end }) => address >= start && address < end);
  }
}
