/** JITs with one bug each: the shipped one with one of its parts replaced. */
import type { Insn } from '../../src/bpf/insn.ts';
import type { Program } from '../../src/bpf/program.ts';
import { calleeKey } from '../../src/core/env.ts';
import type { Image } from '../../src/core/image.ts';
import { compile } from '../../src/jit/compile.ts';
import { type Convention, LINUX } from '../../src/jit/convention/linux.ts';
import { type Frame, layOut } from '../../src/jit/frame.ts';
import type { LowerContext } from '../../src/jit/lower/context.ts';
import { lowerInsn } from '../../src/jit/lower/insn.ts';
import { store, storeImm } from '../../src/jit/lower/memory.ts';
import { gprOf } from '../../src/jit/regmap.ts';
import { rewrite } from '../../src/jit/rewrite.ts';
import { LINUX_TARGET, type Target } from '../../src/jit/target.ts';
import { ADD, LEAVE, MOV, POP_R64, RET } from '../../src/x86/forms.ts';
import { R9, R11, R13, RBP, RSP } from '../../src/x86/reg.ts';

export type Compile = (program: Program) => Image;

const withTarget =
  (parts: Partial<Target>): Compile =>
  (program) =>
    compile(program, {}, { ...LINUX_TARGET, ...parts }).image;

const withConvention = (parts: Partial<Convention>): Compile =>
  withTarget({ convention: { ...LINUX, ...parts } });

/** Place of an outgoing argument, as the convention has it. */
const outgoing = ({ outgoingBase, outgoing: bytes }: Frame, off: number): number =>
  outgoingBase - bytes - off - 16;

function swappedBeforeKfuncs(program: Program): Program {
  const insns: (Insn | undefined)[] = [...program.insns];
  program.insns.forEach((insn, pc) => {
    if (insn?.kind !== 'call' || insn.target !== 'kfunc') return;
    const args = program.callees.get(calleeKey({ kind: 'kfunc', id: insn.imm }))?.args ?? 0;
    if (args < 8) return;
    for (let at = pc - 1; at >= 0 && insns[at]?.kind !== 'call'; at--) {
      const before = insns[at];
      if (before === undefined || !('off' in before) || !('dst' in before) || before.dst !== 11) continue;
      if (before.off === -16) insns[at] = { ...before, off: -24 };
      else if (before.off === -24) insns[at] = { ...before, off: -16 };
    }
  });
  return { ...program, insns };
}

const smallerOutgoing: Target['layOut'] = (entries, depth, args) => {
  const frame = layOut(entries, depth, args);
  const missing = frame.outgoing > 0 ? 8 : 0;
  return { ...frame, outgoing: frame.outgoing - missing, bytes: frame.bytes - missing };
};

const outgoingOfLastCall: Target['layOut'] = (entries, depth) => {
  let [current, last] = [0, 0];
  for (const { insn } of entries) {
    if ((insn.kind === 'stx' || insn.kind === 'st') && insn.dst === 11)
      current = Math.max(current, -insn.off / 8);
    if (insn.kind === 'call') [last, current] = [current, 0];
  }
  return layOut(entries, depth, last);
};

/** Marks every exit but the first with an instruction the JIT does not have. */
const markLaterExits: Target['rewrite'] = (slots, subprog, depth) => {
  const rewritten = rewrite(slots, subprog, depth);
  const first = rewritten.entries.findIndex(({ insn }) => insn.kind === 'exit');
  const entries = rewritten.entries.map((entry, i) =>
    entry.insn.kind === 'exit' && i !== first
      ? { ...entry, insn: { kind: 'callx', dst: 0 } as const }
      : entry,
  );
  return { ...rewritten, entries };
};

function epilogueInPushOrder({ asm, frame }: LowerContext): void {
  if (frame.outgoing > 0) asm.mi(ADD.rm64_imm32, RSP, frame.outgoing);
  for (const gpr of frame.saved) asm.o(POP_R64, gpr);
  asm.none(LEAVE);
  asm.none(RET);
}

const lowerLaterExits: Target['lowerInsn'] = (context, convention, insn, pc) => {
  if (insn.kind === 'callx') epilogueInPushOrder(context);
  else lowerInsn(context, convention, insn, pc);
};

const keepUpperHalf: Target['lowerInsn'] = (context, convention, insn, pc) => {
  const wide: Insn =
    insn.kind === 'alu' && insn.width === 32 && insn.op === 'add' ? { ...insn, width: 64 } : insn;
  lowerInsn(context, convention, wide, pc);
};

/** By what is wrong with them. */
export const BROKEN_JITS: readonly (readonly [name: string, compile: Compile])[] = [
  ['args 7 and 8 swapped on kfunc calls only', (program) => compile(swappedBeforeKfuncs(program)).image],
  [
    'arg 6 left in its slot',
    withConvention({
      storeArg: (context, insn) =>
        insn.off === -8
          ? store(context.asm, 8, RBP, outgoing(context.frame, -8), gprOf(insn.src))
          : LINUX.storeArg(context, insn),
      storeArgImm: (context, insn) =>
        insn.off === -8
          ? storeImm(context.asm, 8, RBP, outgoing(context.frame, -8), insn.imm)
          : LINUX.storeArgImm(context, insn),
    }),
  ],
  ['outgoing area 8 bytes too small', withTarget({ layOut: smallerOutgoing })],
  ['maximum taken from the last call', withTarget({ layOut: outgoingOfLastCall })],
  [
    'arg-6 immediate zero-extended',
    withConvention({
      storeArgImm: (context, insn) =>
        insn.off === -8 ? context.asm.oi(MOV.r32_imm32, R9, insn.imm) : LINUX.storeArgImm(context, insn),
    }),
  ],
  [
    'arg-6 store that falls through into stray bytes',
    withConvention({
      storeArg: (context, insn) => {
        LINUX.storeArg(context, insn);
        if (insn.off === -8) store(context.asm, 8, R11, -8, gprOf(insn.src));
      },
    }),
  ],
  [
    'callee-saved popped in the wrong order on the second EXIT',
    withTarget({ rewrite: markLaterExits, lowerInsn: lowerLaterExits }),
  ],
  [
    'r13 for rbp',
    withConvention({
      storeArg: (context, insn) =>
        insn.off === -8
          ? LINUX.storeArg(context, insn)
          : store(context.asm, 8, R13, outgoing(context.frame, insn.off), gprOf(insn.src)),
    }),
  ],
  ['upper half kept after a 32-bit op', withTarget({ lowerInsn: keepUpperHalf })],
];
