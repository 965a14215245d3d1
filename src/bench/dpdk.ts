/** DPDK's interpreter and JIT on a program that all of them take: arithmetic in a straight line, no back edges. */
import { ALU_ROWS } from '../bpf/alu.ts';
import { encode } from '../bpf/encode.ts';
import type { Insn } from '../bpf/insn.ts';
import { buildProgram, type Program } from '../bpf/program.ts';
import { interpret } from '../interp/interpret.ts';
import { compile } from '../jit/compile.ts';
import { findLibrte } from '../jits/dpdk/find-librte.ts';
import { openLibrte } from '../jits/dpdk/librte.ts';
import { type Probe, perUnit } from './rounds.ts';

const INSNS = 300;
/** Of one round. */
const TIMES = 400;
const REGS = 10;
/** mul, div and mod are not among them: their cost is the CPU's. */
const OPS = ALU_ROWS.filter(({ group }) => group === 'base');

/** Figures of a probe: nanoseconds an instruction takes to be compiled, and to be run by an interpreter. */
export const COMPILE = 'compile';
export const INTERPRET = 'interpret';

/** Ours on that program. */
export function ownStraightLine(name: string): Probe {
  const program = straightLine();
  const env = { input: { memory: new Uint8Array() }, models: new Map(), insnLimit: 2 * INSNS };
  return {
    name,
    run: () =>
      new Map([
        [COMPILE, repeated(() => compile(program))],
        [INTERPRET, repeated(() => interpret(program, env))],
      ]),
  };
}

/** DPDK's: loading includes its verifier. Throws an `engine` error if librte_bpf is not there. */
export function dpdkStraightLine(name: string): Probe {
  const librte = openLibrte(findLibrte());
  const code = encode(straightLine().insns);
  const load = (): bigint => {
    const result = librte.load(code, [], 0);
    if (result.kind === 'refused')
      throw new Error(`DPDK refuses the program of its benchmark: ${result.log}`);
    return result.bpf;
  };
  const kept = load();
  return {
    name,
    run: () =>
      new Map([
        [COMPILE, repeated(() => librte.destroy(load()))],
        [INTERPRET, repeated(() => librte.interpret(kept))],
      ]),
  };
}

const repeated = (work: () => void): number =>
  perUnit(TIMES * INSNS, () => {
    for (let i = 0; i < TIMES; i++) work();
  });

function straightLine(): Program {
  const insns: Insn[] = Array.from({ length: REGS }, (_, dst) => alu('mov', dst, 'K', dst + 1));
  for (let k = insns.length; k < INSNS - 1; k++) {
    const { name, source } = OPS[k % OPS.length] as (typeof OPS)[number];
    insns.push(alu(name, k % REGS, source === 'KX' && k % 3 === 0 ? 'X' : 'K', k % 31));
  }
  return buildProgram([...insns, { kind: 'exit' }]);
}

function alu(op: (typeof OPS)[number]['name'], dst: number, source: 'K' | 'X', value: number): Insn {
  const imm = source === 'X' || op === 'neg' ? 0 : value;
  return { kind: 'alu', op, width: 64, source, dst, src: source === 'X' ? value % REGS : 0, imm };
}
