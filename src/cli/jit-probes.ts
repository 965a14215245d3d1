/** Small programs that show whether a JIT has understood the image protocol: one thing each. */
import type { Insn } from '../bpf/insn.ts';
import { buildProgram, type Callee, type Program } from '../bpf/program.ts';
import { DATA_BASE } from '../core/layout.ts';

export interface JitProbe {
  /** What it shows. */
  readonly name: string;
  readonly program: Program;
  readonly memory: Uint8Array;
}

const MEMORY = Uint8Array.from({ length: 16 }, (_, k) => 0x81 + k);
const NONE = new Uint8Array();
/** Slot of an argument above the fifth: [r11 - 8(n - 5)]. */
const OUT = 11;
const FP = 10;

const EXIT: Insn = { kind: 'exit' };
const alu = (op: 'mov' | 'add', dst: number, value: { imm: number } | { src: number }): Insn =>
  'imm' in value
    ? { kind: 'alu', op, width: 64, source: 'K', dst, src: 0, imm: value.imm }
    : { kind: 'alu', op, width: 64, source: 'X', dst, src: value.src, imm: 0 };
const set = (dst: number, imm: number): Insn => alu('mov', dst, { imm });
const add = (dst: number, src: number): Insn => alu('add', dst, { src });
const load = (dst: number, src: number, off: number): Insn => {
  return { kind: 'ldx', size: 8, sign: false, dst, src, off };
};
const store = (dst: number, off: number, src: number): Insn => ({ kind: 'stx', size: 8, dst, src, off });
const call = (target: 'helper' | 'kfunc', imm: number): Insn => ({ kind: 'call', target, imm, off: 0 });
/** Five arguments, no two alike. */
const FIVE = [1, 2, 3, 4, 5].map((reg) => set(reg, 0x1111 * reg));

const CALLEES: readonly Callee[] = [
  { kind: 'helper', id: 1, name: 'helper_1', args: 5 },
  { kind: 'helper', id: 2, name: 'helper_2', args: 1 },
  { kind: 'kfunc', id: 1, name: 'kfunc_1', args: 5 },
  { kind: 'kfunc', id: 7, name: 'kfunc_7', args: 7 },
];

function probe(name: string, insns: readonly (Insn | undefined)[], memory: Uint8Array = NONE): JitProbe {
  const data = [{ name: '.data', address: DATA_BASE, bytes: MEMORY, writable: true }];
  return { name, program: buildProgram(insns, { name, callees: CALLEES, data }), memory };
}

/** The least program: of a JIT that does not compile it nothing more is asked. */
export const LEAST: JitProbe = probe('answers with an image', [set(0, 1), EXIT]);

/** What else is asked. */
// biome-ignore format: a program a row
export const JIT_PROBES: readonly JitProbe[] = [
  probe('is entered with r1', [load(0, 1, 8), EXIT], MEMORY),
  probe('is entered with r2 too', [load(0, 1, 8), add(0, 2), EXIT], MEMORY),
  probe('writes to the context', [set(2, -2), store(1, 0, 2), set(0, 0), EXIT], MEMORY),
  probe('has a stack', [set(2, 7), store(FP, -8, 2), store(FP, -512, 2), load(0, FP, -8), EXIT]),
  probe('reads data at its address', [{ kind: 'lddw', dst: 3, src: 0, imm: DATA_BASE }, undefined, load(0, 3, 8), EXIT]),
  probe('jumps forward', [set(0, 1), { kind: 'jcc', op: 'jsgt', width: 64, source: 'K', dst: 0, src: 0, imm: -1, off: 1 }, set(0, 2), EXIT]),
  probe('calls a helper at its address', [...FIVE, call('helper', 1), EXIT]),
  probe('calls two helpers, and keeps r6 to r9', [...[6, 7, 8, 9].map((reg) => set(reg, reg)), set(1, 1), call('helper', 2), alu('mov', 1, { src: 0 }), call('helper', 2), ...[6, 7, 8, 9].map((reg) => add(0, reg)), EXIT]),
  probe('calls a kfunc', [...FIVE, call('kfunc', 1), EXIT]),
  probe('passes arguments 6 and 7', [...FIVE, set(0, 0x6666), store(OUT, -8, 0), set(0, 0x7777), store(OUT, -16, 0), call('kfunc', 7), EXIT]),
  probe('calls a subprog', [set(1, 3), { kind: 'call', target: 'local', imm: 1, off: 0 }, EXIT, alu('mov', 0, { src: 1 }), alu('add', 0, { imm: 4 }), EXIT]),
];
