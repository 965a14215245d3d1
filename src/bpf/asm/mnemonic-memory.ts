/** Loads, stores and atomics of the mnemonic dialect. */
import { ATOMIC_ROWS, type AtomicOp } from '../atomic.ts';
import { SIZE_ROWS, type Size, type SizeRow } from '../load-store.ts';
import type { Builder } from './builder.ts';
import type { Cursor } from './cursor.ts';
import type { Address } from './operands.ts';

type Reader = (cursor: Cursor, builder: Builder) => void;

/** `[%r10-8]` */
function address(cursor: Cursor, size: Size | 'general'): Address {
  cursor.expect('[');
  const base = cursor.base(size === 8 ? 'with-stack-args' : 'general');
  const off = cursor.optionalOffset();
  cursor.expect(']');
  return { base, off };
}

/** Mnemonics with a size suffix, and what they read. */
export const MEMORY_MNEMONICS: readonly [string, Reader][] = SIZE_ROWS.flatMap((row) => [
  [`ldx${row.name}`, load(row.bytes, { sign: false })],
  ...signExtendingLoad(row),
  [`stx${row.name}`, storeReg(row.bytes)],
  [`st${row.name}`, storeImm(row.bytes)],
  ...legacyLoads(row),
  [`ldacq${row.name}`, loadAcquire(row.bytes)],
  [`strel${row.name}`, storeRelease(row.bytes)],
]);

function load(size: Size, { sign }: { readonly sign: boolean }): Reader {
  return (cursor, builder) => {
    const dst = cursor.reg(64);
    cursor.accept(',');
    const { base: src, off } = address(cursor, sign ? 'general' : size);
    builder.emit({ kind: 'ldx', size, sign, dst, src, off });
  };
}

function signExtendingLoad({ name, bytes }: SizeRow): [string, Reader][] {
  return bytes === 8 ? [] : [[`ldxs${name}`, load(bytes, { sign: true })]];
}

function storeReg(size: Size): Reader {
  return (cursor, builder) => {
    const { base: dst, off } = address(cursor, size);
    cursor.accept(',');
    builder.emit({ kind: 'stx', size, dst, src: cursor.reg(64), off });
  };
}

function storeImm(size: Size): Reader {
  return (cursor, builder) => {
    const { base: dst, off } = address(cursor, size);
    cursor.accept(',');
    builder.emit({ kind: 'st', size, dst, off, imm: cursor.imm32() });
  };
}

/** Classic BPF, as rbpf spells it: `ldabsw 12`, `ldindw %r1, 12`. */
function legacyLoads({ name, bytes: size }: SizeRow): [string, Reader][] {
  if (size === 8) return [];
  return [
    [
      `ldabs${name}`,
      (cursor, builder) => builder.emit({ kind: 'ld_abs', size, src: 0, imm: cursor.imm32() }),
    ],
    [
      `ldind${name}`,
      (cursor, builder) => {
        const src = cursor.reg(64);
        cursor.accept(',');
        builder.emit({ kind: 'ld_ind', size, src, imm: cursor.imm32() });
      },
    ],
  ];
}

function loadAcquire(size: Size): Reader {
  return (cursor, builder) => {
    const dst = cursor.reg(64);
    cursor.accept(',');
    const { base: src, off } = address(cursor, 'general');
    builder.emit({ kind: 'atomic', op: 'load_acquire', size, dst, src, off });
  };
}

function storeRelease(size: Size): Reader {
  return (cursor, builder) => {
    const { base: dst, off } = address(cursor, 'general');
    cursor.accept(',');
    builder.emit({ kind: 'atomic', op: 'store_release', size, dst, src: cursor.reg(64), off });
  };
}

/** `lock add [%r10-8], %r1`, `lock fetch add32 …`, `lock xchg …`, `lock cmpxchg32 …` */
export function lockStatement(cursor: Cursor, builder: Builder): void {
  const fetch = cursor.accept('fetch');
  const word = cursor.peek()?.text ?? '';
  const found = /^([a-z]+?)(32|64)?$/i.exec(word);
  const op = atomicOp(found?.[1]?.toLowerCase() ?? '', { fetch });
  if (op === undefined) {
    throw cursor.unexpected(fetch ? 'add, or, and or xor' : 'add, or, and, xor, xchg, cmpxchg or fetch');
  }
  cursor.next();
  const size = found?.[2] === '32' ? 4 : 8;
  const { base: dst, off } = address(cursor, 'general');
  cursor.accept(',');
  builder.emit({ kind: 'atomic', op, size, dst, src: cursor.reg(64), off });
}

/** xchg and cmpxchg always fetch, said or not. */
function atomicOp(word: string, { fetch }: { readonly fetch: boolean }): AtomicOp | undefined {
  const row =
    ATOMIC_ROWS.find((r) => r.name === (fetch ? `fetch_${word}` : word)) ??
    ATOMIC_ROWS.find((r) => r.name === word);
  return row === undefined || (fetch && !row.fetch) ? undefined : row.name;
}
