/** Small programs that show whether a JIT has understood the image protocol: one thing each. */
import type { Insn } from '../bpf/insn.ts';
import { aluImm, aluReg, EXIT_INSN, jccImm, load, movImm, movReg, storeReg } from '../bpf/make-insn.ts';
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

const add = (dst: number, src: number): Insn => aluReg('add', dst, src);
const call = (target: 'helper' | 'kfunc', imm: number): Insn => ({ kind: 'call', target, imm, off: 0 });
/** Five arguments, no two alike. */
const FIVE = [1, 2, 3, 4, 5].map((reg) => movImm(reg, 0x1111 * reg));

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
export const LEAST: JitProbe = probe('answers with an image', [movImm(0, 1), EXIT_INSN]);

/** What else is asked. */
// biome-ignore format: a program a row
export const JIT_PROBES: readonly JitProbe[] = [
  probe('is entered with r1', [load(0, 1, 8), EXIT_INSN], MEMORY),
  probe('is entered with r2 too', [load(0, 1, 8), add(0, 2), EXIT_INSN], MEMORY),
  probe('writes to the context', [movImm(2, -2), storeReg(1, 0, 2), movImm(0, 0), EXIT_INSN], MEMORY),
  probe('has a stack', [movImm(2, 7), storeReg(FP, -8, 2), storeReg(FP, -512, 2), load(0, FP, -8), EXIT_INSN]),
  probe('reads data at its address', [{ kind: 'lddw', dst: 3, src: 0, imm: DATA_BASE }, undefined, load(0, 3, 8), EXIT_INSN]),
  probe('jumps forward', [movImm(0, 1), jccImm('jsgt', 0, -1, 1), movImm(0, 2), EXIT_INSN]),
  probe('calls a helper at its address', [...FIVE, call('helper', 1), EXIT_INSN]),
  probe('calls two helpers, and keeps r6 to r9', [...[6, 7, 8, 9].map((reg) => movImm(reg, reg)), movImm(1, 1), call('helper', 2), movReg(1, 0), call('helper', 2), ...[6, 7, 8, 9].map((reg) => add(0, reg)), EXIT_INSN]),
  probe('calls a kfunc', [...FIVE, call('kfunc', 1), EXIT_INSN]),
  probe('passes arguments 6 and 7', [...FIVE, movImm(0, 0x6666), storeReg(OUT, -8, 0), movImm(0, 0x7777), storeReg(OUT, -16, 0), call('kfunc', 7), EXIT_INSN]),
  probe('calls a subprog', [movImm(1, 3), { kind: 'call', target: 'local', imm: 1, off: 0 }, EXIT_INSN, movReg(0, 1), aluImm('add', 0, 4), EXIT_INSN]),
];
