/**
 * LLVM's pseudo-C, as llvm-objdump 19 prints it (BPFInstrInfo.td, --mcpu=v4, decimal immediates). Where
 * LLVM's text would lose something, the text says more: `call kfunc_7`, and the values of lddw that are no
 * plain numbers (RFC 9669 §5.4) as `map_by_fd(3)`.
 */
import { ALU_ROWS } from './alu.ts';
import { ATOMIC_ROWS } from './atomic.ts';
import type { AtomicInsn, CallInsn, CastInsn, Insn, LddwInsn } from './insn.ts';
import { JUMP_ROWS } from './jump.ts';
import { LDDW_SRC, type Size } from './load-store.ts';

/** Names of what the instruction refers to, where known. */
export interface Referents {
  readonly label: string | undefined;
  readonly kfunc: string | undefined;
}

const ALU_OPERATOR = new Map<string, string>(
  ALU_ROWS.flatMap((row) => ('operator' in row ? [[row.name, row.operator]] : [])),
);
const JUMP_OPERATOR = new Map<string, string>(JUMP_ROWS.map((row) => [row.name, row.operator]));
const ATOMIC_OPERATOR = new Map<string, string>(
  ATOMIC_ROWS.flatMap((row) => ('operator' in row ? [[row.name, row.operator]] : [])),
);

/** `+3`, `-2`, `+0` */
export const distance = (off: number): string => (off < 0 ? `${off}` : `+${off}`);

/** `map_by_fd(3)` or `map_val_by_fd(3, 8)`: imm and next_imm. */
export function wideValue({ src, imm }: LddwInsn): string {
  const low = BigInt.asIntN(32, imm);
  const high = BigInt.asIntN(32, imm >> 32n);
  return `${LDDW_SRC[src]}(${high === 0n ? low : `${low}, ${high}`})`;
}

export function llvmText(insn: Insn, names: Referents): string {
  switch (insn.kind) {
    case 'alu': {
      const dst = reg(insn.dst, insn.width);
      if (insn.op === 'neg') return `${dst} = -${dst}`;
      return `${dst} ${ALU_OPERATOR.get(insn.op)} ${insn.source === 'X' ? reg(insn.src, insn.width) : insn.imm}`;
    }
    case 'movsx':
      return `${reg(insn.dst, insn.width)} = (s${insn.bits})${reg(insn.src, insn.width)}`;
    case 'cast':
      return castText(insn);
    case 'swap':
      return `r${insn.dst} = ${insn.op}${insn.bits} r${insn.dst}`;
    case 'lddw':
      return `r${insn.dst} = ${wide(insn, names)}`;
    case 'ldx':
      return `${insn.sign ? `r${insn.dst}` : sized(insn.dst, insn.size)} = *(${insn.sign ? 's' : 'u'}${insn.size * 8} *)(${place(insn.src, insn.off)})`;
    case 'stx':
      return `${cell(insn.size, insn.dst, insn.off)} = ${sized(insn.src, insn.size)}`;
    case 'st':
      return `${cell(insn.size, insn.dst, insn.off)} = ${insn.imm}`;
    case 'atomic':
      return atomic(insn);
    case 'ld_abs':
      return `r0 = *(u${insn.size * 8} *)skb[${insn.imm}]`;
    case 'ld_ind':
      return `r0 = *(u${insn.size * 8} *)skb[r${insn.src}${insn.imm === 0 ? '' : signed(insn.imm)}]`;
    case 'ja':
      return `${insn.width === 16 ? 'goto' : 'gotol'} ${names.label ?? distance(insn.off)}`;
    case 'jcc': {
      const right = insn.source === 'X' ? reg(insn.src, insn.width) : insn.imm;
      const target = names.label ?? distance(insn.off);
      return `if ${reg(insn.dst, insn.width)} ${JUMP_OPERATOR.get(insn.op)} ${right} goto ${target}`;
    }
    case 'may_goto':
      return `may_goto ${names.label ?? distance(insn.off)}`;
    case 'call':
      return call(insn, names);
    case 'callx':
      return `callx r${insn.dst}`;
    case 'exit':
      return 'exit';
  }
}

/** As kernel/bpf/disasm.c: the address spaces are where to and where from. */
function castText({ to, dst, src }: CastInsn): string {
  if (to === 'percpu') return `r${dst} = &(void __percpu *)(r${src})`;
  return `r${dst} = addr_space_cast(r${src}, ${to === 'kernel' ? '0, 1' : '1, 0'})`;
}

const reg = (n: number, width: 32 | 64): string => `${width === 64 ? 'r' : 'w'}${n}`;
/** A value of so many bytes. */
const sized = (n: number, size: Size): string => reg(n, size === 8 ? 64 : 32);
const signed = (n: number): string => (n < 0 ? ` - ${-n}` : ` + ${n}`);
const place = (base: number, off: number): string => `r${base}${signed(off)}`;
const cell = (size: Size, base: number, off: number): string => `*(u${size * 8} *)(${place(base, off)})`;

function wide(insn: LddwInsn, names: Referents): string {
  if (insn.src === 0) return `${BigInt.asIntN(64, insn.imm)} ll`;
  return names.label === undefined || insn.imm >> 32n !== 0n ? wideValue(insn) : `${names.label} ll`;
}

function call({ target, imm, off }: CallInsn, names: Referents): string {
  switch (target) {
    case 'helper':
      return `call ${imm}`;
    case 'local':
      return `call ${names.label ?? `pc${distance(imm)}`}`;
    case 'kfunc':
      return `call ${names.kfunc}${off === 0 ? '' : `, ${off}`}`;
  }
}

function atomic({ op, size, dst, src, off }: AtomicInsn): string {
  const value = sized(src, size);
  const at = `(u${size * 8} *)(${place(dst, off)})`;
  switch (op) {
    case 'load_acquire':
      return `${sized(dst, size)} = load_acquire((u${size * 8} *)(${place(src, off)}))`;
    case 'store_release':
      return `store_release(${at}, ${value})`;
    case 'xchg':
      return `${value} = xchg${size === 8 ? '_64' : '32_32'}(${place(dst, off)}, ${value})`;
    case 'cmpxchg': {
      const r0 = sized(0, size);
      return `${r0} = cmpxchg${size === 8 ? '_64' : '32_32'}(${place(dst, off)}, ${r0}, ${value})`;
    }
    case 'add':
    case 'or':
    case 'and':
    case 'xor':
      return `lock *${at} ${ATOMIC_OPERATOR.get(op)} ${value}`;
    default:
      return `${value} = atomic_${op}(${at}, ${value})`;
  }
}
