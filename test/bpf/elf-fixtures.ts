/** Objects of test/vectors/elf and ways to damage them. */
import { readFileSync } from 'node:fs';
import { OracleError } from '../../src/core/errors.ts';

/** A fresh copy of an object, so that a test may write to it. */
export const objectFile = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../vectors/elf/${name}`, import.meta.url)));

/** A copy with some bytes replaced. */
export function patched(bytes: Uint8Array, offset: number, values: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(values, offset);
  return copy;
}

/** Offset of the header of the first section so named. */
export function sectionHeader(bytes: Uint8Array, name: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const table = Number(view.getBigUint64(40, true));
  const namesAt = Number(view.getBigUint64(table + view.getUint16(62, true) * 64 + 24, true));
  for (let i = 0; i < view.getUint16(60, true); i++) {
    const header = table + i * 64;
    const at = namesAt + view.getUint32(header, true);
    if (Buffer.from(bytes.subarray(at, at + name.length + 1)).toString('latin1') === `${name}\0`)
      return header;
  }
  throw new Error(`no section ${name}`);
}

/** Offset of the first byte of a section's contents. */
export function sectionOffset(bytes: Uint8Array, name: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Number(view.getBigUint64(sectionHeader(bytes, name) + 24, true));
}

/** The error `run` throws; fails the test if it throws none, or one that is not ours. */
export function errorOf(run: () => unknown): OracleError {
  try {
    run();
  } catch (error) {
    if (error instanceof OracleError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
