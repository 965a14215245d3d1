/** How fast the JIT compiles and the reference runs, on programs made for it. */
import type { Insn } from '../bpf/insn.ts';
import { buildProgram, type Program } from '../bpf/program.ts';
import { interpret } from '../interp/interpret.ts';
import { compile } from '../jit/compile.ts';
import { mixedProgram } from './mixed-program.ts';
import { type Probe, perUnit, takeTurns } from './rounds.ts';

/** Of the goal for the JIT. */
const SMALL = { count: 200, insns: 300 };
const CURVE = [1_000, 10_000, 100_000, 1_000_000];
/** Iterations of the hot loop, of three instructions each. */
const TURNS = 1_000_000;

/** Nanoseconds a BPF instruction takes to compile, in programs of 300. */
export function jitProbe(): Probe {
  const programs = Array.from({ length: SMALL.count }, (_, seed) => mixedProgram(SMALL.insns, seed + 1));
  return {
    name: 'jit',
    run: () =>
      new Map([
        [
          'insn',
          perUnit(SMALL.count * SMALL.insns, () => {
            for (const each of programs) compile(each);
          }),
        ],
      ]),
  };
}

/** Nanoseconds an instruction takes in the reference, in a hot loop. */
export function referenceProbe(): Probe {
  const program = hotLoop();
  const env = { input: { memory: new Uint8Array() }, models: new Map(), insnLimit: 10 * TURNS };
  return {
    name: 'reference',
    run: () => new Map([['insn', perUnit(3 * TURNS, () => interpret(program, env))]]),
  };
}

function hotLoop(): Program {
  const insns: Insn[] = [
    { kind: 'alu', op: 'mov', width: 64, source: 'K', dst: 0, src: 0, imm: 0 },
    { kind: 'alu', op: 'mov', width: 64, source: 'K', dst: 1, src: 0, imm: TURNS },
    { kind: 'alu', op: 'add', width: 64, source: 'X', dst: 0, src: 1, imm: 0 },
    { kind: 'alu', op: 'add', width: 64, source: 'K', dst: 1, src: 0, imm: -1 },
    { kind: 'jcc', op: 'jne', width: 64, source: 'K', dst: 1, src: 0, imm: 0, off: -3 },
    { kind: 'exit' },
  ];
  return buildProgram(insns);
}

/** One size of the JIT's curve. */
export interface CurvePoint {
  readonly insns: number;
  readonly nsPerInsn: number;
  readonly passes: number;
}

/** Shows whether work grows with the size alone. */
export function jitCurve(rounds: number): CurvePoint[] {
  return CURVE.map((insns) => {
    const program = mixedProgram(insns, insns);
    const { subprogs } = compile(program);
    const probe: Probe = {
      name: 'size',
      run: () => new Map([['insn', perUnit(insns, () => compile(program))]]),
    };
    const spread = takeTurns([probe], rounds).get('size')?.get('insn');
    return { insns, nsPerInsn: spread?.median ?? 0, passes: subprogs[0]?.passes ?? 0 };
  });
}
