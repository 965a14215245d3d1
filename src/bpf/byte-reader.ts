/** Little-endian fields of a file that may be cut off or corrupt: every read is checked against the end. */
import type { OracleError } from '../core/errors.ts';

/** Makes the error of a read that passes the end: `offset` and `size` in bytes, from the reader's first byte. */
export type ShortRead = (offset: number, size: number) => OracleError;

/** Characters that would break the one line an error is, or act on a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Reads at offsets in bytes; each method throws what `short` makes if the field is not all there. */
export class ByteReader {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly short: ShortRead;

  constructor(bytes: Uint8Array, short: ShortRead) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.short = short;
  }

  u8(offset: number): number {
    this.need(offset, 1);
    return this.view.getUint8(offset);
  }

  u16(offset: number): number {
    this.need(offset, 2);
    return this.view.getUint16(offset, true);
  }

  u32(offset: number): number {
    this.need(offset, 4);
    return this.view.getUint32(offset, true);
  }

  u64(offset: number): bigint {
    this.need(offset, 8);
    return this.view.getBigUint64(offset, true);
  }

  /** A size or an offset of 64 bits. Past 2^53 it is rounded: no file is that large, so any check refuses it. */
  size64(offset: number): number {
    return Number(this.u64(offset));
  }

  /** A view, not a copy, of `size` bytes. */
  slice(offset: number, size: number): Uint8Array {
    this.need(offset, size);
    return this.bytes.subarray(offset, offset + size);
  }

  /**
   * A NUL-terminated string of at most `limit` bytes; unprintable characters are shown as `\x1b` or `\u2028`.
   * Throws if there is no NUL within `limit`.
   */
  string(offset: number, limit: number): string {
    this.need(offset, 1);
    const window = this.bytes.subarray(offset, offset + limit + 1);
    const length = window.indexOf(0);
    if (length < 0) throw this.short(offset, window.length);
    return new TextDecoder().decode(window.subarray(0, length)).replace(UNPRINTABLE, escapeCharacter);
  }

  private need(offset: number, size: number): void {
    if (!(offset >= 0 && size >= 0 && offset + size <= this.bytes.length)) throw this.short(offset, size);
  }
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
