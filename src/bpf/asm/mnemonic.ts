/**
 * The mnemonic dialect of uBPF and bpf_conformance (lib/src/bpf_assembler.cc), and of rbpf and sbpf, which
 * write registers without `%` and `add64` for `add`. NON-SPEC: may_goto, `ldacqdw`/`strelw` (load-acquire,
 * store-release), `cast_user`, and `probe`/`arena` before an access, which none of them has.
 */
import { ALU_ROWS, type AluOp, CAST_ROWS, MOVSX_BITS, SWAP_BITS, SWAP_ROWS } from '../alu.ts';
import type { CastInsn } from '../insn.ts';
import { JUMP_ROWS, type JumpOp } from '../jump.ts';
import { LDDW_SRC } from '../load-store.ts';
import { accessStatement } from './access.ts';
import type { Builder } from './builder.ts';
import { call } from './call.ts';
import type { Cursor } from './cursor.ts';
import { lockStatement, MEMORY_MNEMONICS } from './mnemonic-memory.ts';
import { jumpTarget, widePair } from './operands.ts';

type Reader = (cursor: Cursor, builder: Builder) => void;

/** Reads one instruction and emits it. */
export function mnemonicStatement(cursor: Cursor, builder: Builder): void {
  if (accessStatement(cursor, builder, mnemonicStatement)) return;
  const name = cursor.peek()?.text.toLowerCase() ?? '';
  const reader = MNEMONICS.get(name);
  if (reader === undefined) throw cursor.unexpected('a mnemonic such as mov, ldxdw, jeq, call or exit');
  cursor.next();
  if (name === 'exit') builder.defaultLabel('exit');
  reader(cursor, builder);
  cursor.end();
}

/** Is this a word that starts an instruction of this dialect? */
export const isMnemonic = (word: string): boolean => MNEMONICS.has(word.toLowerCase());

const MNEMONICS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...ALU_ROWS.flatMap(aluReaders),
  ...movsxReaders(),
  ...CAST_ROWS.map(({ to }): [string, Reader] => [`cast_${to}`, cast(to)]),
  ...SWAP_ROWS.flatMap((row) =>
    row.name === 'bswap' ? swapReaders('bswap', 'swap') : swapReaders(row.name, row.name),
  ),
  ...JUMP_ROWS.flatMap((row): [string, Reader][] => [
    [row.name, conditional(row.name, 64)],
    [`${row.name}64`, conditional(row.name, 64)],
    [`${row.name}32`, conditional(row.name, 32)],
  ]),
  ...MEMORY_MNEMONICS,
  ['lddw', wideLoad],
  ['lock', lockStatement],
  ['ja', (c, b) => b.emitJump({ kind: 'ja', width: 16, off: 0 }, jumpTarget(c, 16), c.where)],
  ['ja32', (c, b) => b.emitJump({ kind: 'ja', width: 32, off: 0 }, jumpTarget(c, 32), c.where)],
  ['may_goto', (c, b) => b.emitJump({ kind: 'may_goto', off: 0 }, jumpTarget(c, 16), c.where)],
  ['call', call],
  ['callx', (c, b) => b.emit({ kind: 'callx', dst: c.reg(64) })],
  ['exit', (_c, b) => b.emit({ kind: 'exit' })],
]);

function aluReaders({ name }: { readonly name: AluOp }): [string, Reader][] {
  return [
    [name, alu(name, 64)],
    [`${name}64`, alu(name, 64)],
    [`${name}32`, alu(name, 32)],
  ];
}

function alu(op: AluOp, width: 32 | 64): Reader {
  return (cursor, builder) => {
    const dst = cursor.reg(64);
    if (op === 'neg') {
      builder.emit({ kind: 'alu', op, width, source: 'K', dst, src: 0, imm: 0 });
      return;
    }
    cursor.accept(',');
    builder.emit({ kind: 'alu', op, width, dst, ...sourceOperand(cursor) });
  };
}

/** A register, or an immediate. */
function sourceOperand(cursor: Cursor): { source: 'K' | 'X'; src: number; imm: number } {
  return cursor.peekReg() === undefined
    ? { source: 'K', src: 0, imm: cursor.imm32() }
    : { source: 'X', src: cursor.reg(64), imm: 0 };
}

/** `movsx864 %r1, %r2`: from 8 bits to 64. */
function movsxReaders(): [string, Reader][] {
  return ([32, 64] as const).flatMap((width) =>
    MOVSX_BITS[width].map((bits): [string, Reader] => [
      `movsx${bits}${width}`,
      (cursor, builder) => {
        const dst = cursor.reg(64);
        cursor.accept(',');
        builder.emit({ kind: 'movsx', width, bits, dst, src: cursor.reg(64) });
      },
    ]),
  );
}

function cast(to: CastInsn['to']): Reader {
  return (cursor, builder) => {
    const dst = cursor.reg(64);
    cursor.accept(',');
    builder.emit({ kind: 'cast', to, dst, src: cursor.reg(64) });
  };
}

function swapReaders(
  op: (typeof SWAP_ROWS)[number]['name'],
  ...names: readonly string[]
): [string, Reader][] {
  return [op, ...names].flatMap((name) =>
    SWAP_BITS.map((bits): [string, Reader] => [
      `${name}${bits}`,
      (cursor, builder) => builder.emit({ kind: 'swap', op, bits, dst: cursor.reg(64) }),
    ]),
  );
}

function conditional(op: JumpOp, width: 32 | 64): Reader {
  return (cursor, builder) => {
    const dst = cursor.reg(64);
    cursor.accept(',');
    const source = sourceOperand(cursor);
    cursor.accept(',');
    const target = jumpTarget(cursor, 16);
    builder.emitJump({ kind: 'jcc', op, width, dst, ...source, off: 0 }, target, cursor.where);
  };
}

/** `lddw %r1, 0x1122334455667788`, `lddw %r1, code_addr(3)`, `lddw %r1, label` (a function's address). */
function wideLoad(cursor: Cursor, builder: Builder): void {
  const dst = cursor.reg(64);
  cursor.accept(',');
  const token = cursor.peek();
  const pseudo = (LDDW_SRC as readonly string[]).indexOf(token?.text ?? '');
  if (pseudo > 0 && cursor.peek(1)?.text === '(') {
    cursor.next();
    builder.emit({ kind: 'lddw', dst, src: pseudo, imm: widePair(cursor) });
  } else if (token?.kind === 'name' && cursor.peekReg() === undefined) {
    builder.emitAddress(dst, cursor.name('a function'), cursor.where);
  } else {
    builder.emit({ kind: 'lddw', dst, src: 0, imm: cursor.imm64() });
  }
}
