/**
 * LLVM's pseudo-C: what clang -S, llvm-objdump, the kernel's verifier log and bpftool print, each in its own
 * shade (lib/Target/BPF/BPFInstrInfo.td; print_bpf_insn() in kernel/bpf/disasm.c). One instruction at a time.
 */
import { ALU_ROWS, type AluOp, MOVSX_BITS, SWAP_BITS, SWAP_ROWS } from '../alu.ts';
import { JUMP_ROWS } from '../jump.ts';
import { LDDW_SRC } from '../load-store.ts';
import { accessStatement } from './access.ts';
import type { Builder } from './builder.ts';
import { call } from './call.ts';
import type { Cursor, RegOperand } from './cursor.ts';
import { atomicValue, load, lockedUpdate, store, storeRelease } from './llvm-memory.ts';
import { jumpTarget, widePair } from './operands.ts';

type Reader = (cursor: Cursor, builder: Builder) => void;

/** Reads one instruction and emits it. */
export function llvmStatement(cursor: Cursor, builder: Builder): void {
  if (accessStatement(cursor, builder, llvmStatement)) return;
  const statement = STATEMENTS.get(cursor.peek()?.text ?? '');
  if (statement !== undefined) {
    cursor.next();
    statement(cursor, builder);
  } else if (cursor.at('*')) {
    store(cursor, builder);
  } else if (cursor.peekReg() !== undefined) {
    assignment(cursor, builder);
  } else {
    throw cursor.unexpected('an instruction such as `r1 += r2`, `if r1 > 5 goto +2`, `call 5` or `exit`');
  }
  cursor.end();
}

const STATEMENTS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['if', conditional],
  ['goto', (c, b) => b.emitJump({ kind: 'ja', width: 16, off: 0 }, jumpTarget(c, 16), c.where)],
  ['gotol', (c, b) => b.emitJump({ kind: 'ja', width: 32, off: 0 }, jumpTarget(c, 32), c.where)],
  ['may_goto', (c, b) => b.emitJump({ kind: 'may_goto', off: 0 }, jumpTarget(c, 16), c.where)],
  ['call', call],
  ['callx', (c, b) => b.emit({ kind: 'callx', dst: c.reg(64) })],
  ['exit', (_c, b) => b.emit({ kind: 'exit' })],
  ['lock', lockedUpdate],
  ['store_release', storeRelease],
]);

function conditional(cursor: Cursor, builder: Builder): void {
  const { reg: dst, half } = cursor.anyReg();
  const width = half ? 32 : 64;
  const row = JUMP_ROWS.find((r) => cursor.at(r.operator));
  if (row === undefined)
    throw cursor.unexpected(`a comparison (${JUMP_ROWS.map((r) => r.operator).join(' ')})`);
  cursor.next();
  const isReg = cursor.peekReg() !== undefined;
  const source = isReg ? 'X' : 'K';
  const src = isReg ? cursor.reg(width) : 0;
  const imm = isReg ? 0 : cursor.imm32();
  cursor.expect('goto');
  const target = jumpTarget(cursor, 16);
  builder.emitJump({ kind: 'jcc', op: row.name, width, source, dst, src, imm, off: 0 }, target, cursor.where);
}

function assignment(cursor: Cursor, builder: Builder): void {
  const dst = cursor.anyReg();
  const row = ALU_ROWS.find((r) => 'operator' in r && cursor.at(r.operator));
  if (row === undefined) throw cursor.unexpected('`=` or an operator such as `+=`, `s/=`, `<<=`');
  cursor.next();
  if (row.name === 'mov') value(dst, cursor, builder);
  else aluSource(row.name, dst, cursor, builder);
}

function aluSource(op: AluOp, { reg: dst, half }: RegOperand, cursor: Cursor, builder: Builder): void {
  const width = half ? 32 : 64;
  if (cursor.peekReg() !== undefined) {
    builder.emit({ kind: 'alu', op, width, source: 'X', dst, src: cursor.reg(width), imm: 0 });
  } else {
    builder.emit({ kind: 'alu', op, width, source: 'K', dst, src: 0, imm: cursor.imm32() });
  }
}

/** The right-hand side of `dst = …`. */
function value(dst: RegOperand, cursor: Cursor, builder: Builder): void {
  const token = cursor.peek();
  if (token === undefined) throw cursor.unexpected('a value');
  if (cursor.at('*')) load(dst, cursor, builder);
  else if (cursor.at('(')) signExtend(dst, cursor, builder);
  else if (cursor.at('&')) percpuAddress(dst, cursor, builder);
  else if (cursor.at('-') && cursor.peekReg(1) !== undefined) negate(dst, cursor, builder);
  else if (cursor.peekReg() !== undefined) aluSource('mov', dst, cursor, builder);
  else if (token.kind === 'name') namedValue(token.text, dst, cursor, builder);
  else number(dst, cursor, builder);
}

/** `&(void __percpu *)(r2)`, as the kernel prints it. */
function percpuAddress(dst: RegOperand, cursor: Cursor, builder: Builder): void {
  for (const token of ['&', '(', 'void', '__percpu', '*', ')', '(']) cursor.expect(token);
  wideDst(dst, cursor);
  builder.emit({ kind: 'cast', to: 'percpu', dst: dst.reg, src: cursor.reg(64) });
  cursor.expect(')');
}

/** `addr_space_cast(r2, 0, 1)`: to address space 0, that of the kernel, from 1, that of the arena; or back. */
function addressSpaceCast(dst: RegOperand, cursor: Cursor, builder: Builder): void {
  cursor.next();
  wideDst(dst, cursor);
  cursor.expect('(');
  const src = cursor.reg(64);
  cursor.expect(',');
  const to = cursor.imm32();
  cursor.expect(',');
  const from = cursor.imm32();
  cursor.expect(')');
  if (!((to === 0 && from === 1) || (to === 1 && from === 0)))
    throw cursor.fail(`addr_space_cast is from 1 to 0 or from 0 to 1, not from ${from} to ${to}`);
  builder.emit({ kind: 'cast', to: to === 0 ? 'kernel' : 'user', dst: dst.reg, src });
}

function negate({ reg: dst, half }: RegOperand, cursor: Cursor, builder: Builder): void {
  cursor.next();
  const width = half ? 32 : 64;
  sameRegister(cursor.reg(width), dst, cursor);
  builder.emit({ kind: 'alu', op: 'neg', width, source: 'K', dst, src: 0, imm: 0 });
}

function signExtend({ reg: dst, half }: RegOperand, cursor: Cursor, builder: Builder): void {
  cursor.expect('(');
  const width = half ? 32 : 64;
  const bits = MOVSX_BITS[width].find((b) => cursor.at(`s${b}`));
  if (bits === undefined) throw cursor.unexpected(MOVSX_BITS[width].map((b) => `s${b}`).join(' or '));
  cursor.next();
  cursor.expect(')');
  builder.emit({ kind: 'movsx', width, bits, dst, src: cursor.reg(width) });
}

function number(dst: RegOperand, cursor: Cursor, builder: Builder): void {
  const signed = cursor.at('-', '+') ? 1 : 0;
  if (cursor.peek(signed + 1)?.text !== 'll') {
    aluSource('mov', dst, cursor, builder);
    return;
  }
  wideDst(dst, cursor);
  const imm = cursor.imm64();
  cursor.expect('ll');
  builder.emit({ kind: 'lddw', dst: dst.reg, src: 0, imm });
}

/** `be16 r1`, `atomic_fetch_add(…)`, `code_addr(…)`, `name ll`. */
function namedValue(name: string, dst: RegOperand, cursor: Cursor, builder: Builder): void {
  if (name === 'addr_space_cast') return addressSpaceCast(dst, cursor, builder);
  const swap = SWAP_ROWS.find((r) => SWAP_BITS.some((b) => name === `${r.name}${b}`));
  const pseudo = (LDDW_SRC as readonly string[]).indexOf(name);
  if (swap !== undefined) {
    cursor.next();
    wideDst(dst, cursor);
    const bits = SWAP_BITS.find((b) => name.endsWith(`${b}`)) ?? 16;
    sameRegister(cursor.reg(64), dst.reg, cursor);
    builder.emit({ kind: 'swap', op: swap.name, bits, dst: dst.reg });
  } else if (pseudo > 0 && cursor.peek(1)?.text === '(') {
    cursor.next();
    wideDst(dst, cursor);
    builder.emit({ kind: 'lddw', dst: dst.reg, src: pseudo, imm: widePair(cursor) });
  } else if (cursor.peek(1)?.text === 'll') {
    wideDst(dst, cursor);
    const symbol = cursor.name('a function');
    cursor.expect('ll');
    builder.emitAddress(dst.reg, symbol, cursor.where);
  } else {
    atomicValue(name, dst, cursor, builder);
  }
}

function wideDst(dst: RegOperand, cursor: Cursor): void {
  if (dst.half)
    throw cursor.fail(`\`w${dst.reg}\`: this instruction writes the whole register, write \`r${dst.reg}\``);
}

function sameRegister(got: number, want: number, cursor: Cursor): void {
  if (got !== want)
    throw cursor.fail(`this instruction works in place: both registers must be r${want}, not r${got}`);
}
