/** Valid programs with a few instructions changed at random, as somebody's slip would: many break a rule, some none. */
import fc from 'fast-check';
import { applyChange, checked } from '../../src/arb/hostile/change.ts';
import { bpfProgram, type Generated } from '../../src/arb/index.ts';
import { isStackArgBase } from '../../src/bpf/calling.ts';
import { type Insn, slotsOf } from '../../src/bpf/insn.ts';
import type { Program } from '../../src/bpf/program.ts';
import { R10 } from '../../src/bpf/reg.ts';
import type { Input } from '../../src/core/env.ts';
import { OracleError } from '../../src/core/errors.ts';

export interface Edited {
  /** undefined: no machine would take it. */
  readonly program: Program | undefined;
  readonly input: Input;
}

interface Edit {
  readonly at: number;
  readonly how: keyof typeof EDITS;
  readonly pick: number;
}

const NOTHING: Insn = { kind: 'ja', width: 16, off: 0 };

const EDITS = {
  leaveOut: () => NOTHING,
  otherDst: (insn: Insn, pick: number) => ('dst' in insn ? { ...insn, dst: pick % R10 } : insn),
  otherSrc: (insn: Insn, pick: number) =>
    'src' in insn && insn.kind !== 'lddw' && !isStackArgBase(insn.src) ? { ...insn, src: pick % R10 } : insn,
  otherPlace: (insn: Insn, pick: number) =>
    (insn.kind === 'ldx' || insn.kind === 'stx' || insn.kind === 'st') && isStackOrArgument(insn)
      ? { ...insn, off: insn.off + 8 * ((pick % 5) - 2) }
      : insn,
  otherWay: (insn: Insn, pick: number) =>
    insn.kind === 'jcc' || insn.kind === 'ja' ? { ...insn, off: insn.off + (pick % 7) - 3 } : insn,
} as const satisfies Readonly<Record<string, (insn: Insn, pick: number) => Insn>>;

function isStackOrArgument(insn: Extract<Insn, { kind: 'ldx' | 'stx' | 'st' }>): boolean {
  const base = insn.kind === 'ldx' ? insn.src : insn.dst;
  return base === R10 || isStackArgBase(base);
}

/** Programs with one to four edits. */
export const editedProgram = (): fc.Arbitrary<Edited> =>
  fc
    .tuple(
      bpfProgram(),
      fc.array(
        fc.record({
          at: fc.nat(),
          how: fc.constantFrom(...(Object.keys(EDITS) as Edit['how'][])),
          pick: fc.nat(1000),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    )
    .map(([generated, edits]) => edited(generated, edits));

function edited({ program, input }: Generated, edits: readonly Edit[]): Edited {
  const replace = new Map<number, Insn>();
  for (const { at, how, pick } of edits) {
    const pc = at % program.insns.length;
    const insn = program.insns[pc];
    if (insn !== undefined && slotsOf(insn) === 1) replace.set(pc, EDITS[how](insn, pick));
  }
  try {
    return { program: checked(applyChange(program, { replace })), input };
  } catch (error) {
    if (error instanceof OracleError && error.kind === 'input') return { program: undefined, input };
    throw error;
  }
}
