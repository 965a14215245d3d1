/**
 * Atomics: RFC 9669 §5.3 (class STX, mode ATOMIC, operation in `imm`), and Linux's load-acquire and
 * store-release (linux 880442305a39), which also come in 1 and 2 bytes.
 */
import type { Size } from './load-store.ts';

export interface AtomicRow {
  readonly name: string;
  /** The whole `imm` field. */
  readonly imm: number;
  /** Sizes in bytes it exists in. */
  readonly sizes: readonly Size[];
  /** The old value goes to src (to r0 for cmpxchg). */
  readonly fetch: boolean;
  /** Operator of the LLVM dialect, for rows that do not fetch. */
  readonly operator?: string;
}

// biome-ignore format: one row per line
export const ATOMIC_ROWS = [
  { name: 'add',           imm: 0x00,  sizes: [4, 8],       fetch: false, operator: '+=' },
  { name: 'or',            imm: 0x40,  sizes: [4, 8],       fetch: false, operator: '|=' },
  { name: 'and',           imm: 0x50,  sizes: [4, 8],       fetch: false, operator: '&=' },
  { name: 'xor',           imm: 0xa0,  sizes: [4, 8],       fetch: false, operator: '^=' },
  { name: 'fetch_add',     imm: 0x01,  sizes: [4, 8],       fetch: true },
  { name: 'fetch_or',      imm: 0x41,  sizes: [4, 8],       fetch: true },
  { name: 'fetch_and',     imm: 0x51,  sizes: [4, 8],       fetch: true },
  { name: 'fetch_xor',     imm: 0xa1,  sizes: [4, 8],       fetch: true },
  { name: 'xchg',          imm: 0xe1,  sizes: [4, 8],       fetch: true },
  { name: 'cmpxchg',       imm: 0xf1,  sizes: [4, 8],       fetch: true },
  { name: 'load_acquire',  imm: 0x100, sizes: [1, 2, 4, 8], fetch: true },
  { name: 'store_release', imm: 0x110, sizes: [1, 2, 4, 8], fetch: false },
] as const satisfies readonly AtomicRow[];

export type AtomicOp = (typeof ATOMIC_ROWS)[number]['name'];
