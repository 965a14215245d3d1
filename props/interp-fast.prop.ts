/** The fast form of the reference gives the executions of the strict one, deeply equal: interp/fast. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram } from '../src/arb/index.ts';
import type { Insn } from '../src/bpf/insn.ts';
import { OPCODE_EXAMPLES } from '../src/bpf/opcode-forms.ts';
import type { DataSection, Program } from '../src/bpf/program.ts';
import type { Choices } from '../src/core/choices.ts';
import type { Env } from '../src/core/env.ts';
import { CTX_BASE, DATA_BASE, MAIN_FP } from '../src/core/layout.ts';
import { type InterpretOptions, interpret } from '../src/interp/interpret.ts';
import { compile } from '../src/jit/compile.ts';
import { placementOf } from '../src/oracle/placement.ts';
import { reg } from '../test/kit/calls.ts';
import * as k from '../test/kit/insns.ts';
import { EDGES } from '../test/kit/run.ts';

function expectEqual(program: Program, env: Env, options: InterpretOptions = {}): string {
  const want = interpret(program, env, { ...options, reference: 'strict' });
  for (const fastFrom of [0, undefined])
    expect(interpret(program, env, { ...options, fastFrom })).toEqual(want);
  return want.outcome.kind === 'fault' ? want.outcome.fault.kind : want.outcome.kind;
}

const MEMORY = Uint8Array.from({ length: 40 }, (_, n) => 0x80 ^ (37 * n));
const DATA: readonly DataSection[] = [
  { name: '.rodata', address: DATA_BASE, bytes: MEMORY.slice(3), writable: false },
  { name: '.data', address: DATA_BASE + 0x1000n, bytes: MEMORY.slice(1, 6), writable: true },
];

/** Near and across both ends of whatever there is. */
const address = fc
  .tuple(
    fc.constantFrom(CTX_BASE, DATA_BASE, DATA_BASE + 0x1000n, MAIN_FP - 512n, MAIN_FP - 24n),
    fc.integer({ min: -9, max: 48 }),
  )
  .map(([base, distance]) => base + BigInt(distance));
const word = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...EDGES) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { weight: 4, arbitrary: address },
);
/** By register; undefined: nobody writes it, so it is poison. */
const registers = fc.array(fc.option(word, { nil: undefined, freq: 8 }), { minLength: 10, maxLength: 10 });
const anyReg = fc.integer({ min: 0, max: 10 });
const imm = fc.oneof(fc.constantFrom(0, 1, -1, 31, 63, 64, 0x7fff_ffff, -0x8000_0000), fc.integer());
const off = fc.oneof(
  fc.constantFrom(0, 1, -1, -8, -12, -16, -24, -512, -513, -505, 8, 4000),
  fc.integer({ min: -40, max: 20 }),
);
const operands = fc.record({ dst: anyReg, src: anyReg, imm, off, wide: word });

/** The plainest instruction of a form with other operands, as far as it has them. */
function withOperands(insn: Insn, { dst, src, imm: value, off: distance, wide }: Operands): Insn {
  const isJump = insn.kind === 'ja' || insn.kind === 'jcc' || insn.kind === 'may_goto';
  const fromReg = 'source' in insn && insn.source === 'X';
  return {
    ...insn,
    ...('dst' in insn && { dst }),
    ...('src' in insn && insn.kind !== 'lddw' && (!('source' in insn) || fromReg) && { src }),
    ...('imm' in insn && insn.kind !== 'lddw' && !fromReg && { imm: value }),
    ...(insn.kind === 'lddw' && { imm: wide }),
    ...('off' in insn && { off: isJump ? 1 : distance }),
  } as Insn;
}
type Operands = typeof operands extends fc.Arbitrary<infer T> ? T : never;

/** Where one block ends and the next begins: what one needs keeps no other one from being translated. */
const NEXT_BLOCK = k.ja(0);

/** What it works on, the instruction three times over, and a call that shows all registers and the frame. */
function around(words: readonly (bigint | undefined)[], insn: Insn): Program {
  const setUp = [
    ...[8, 16, 24].map((at) => k.store(8, 'r10', -at, 0x1234_5678)),
    k.store(2, 'r10', -20, 'r3'),
    k.store(8, 'r10', -512, -1),
    ...words.flatMap((value, n) => (value === undefined ? [] : [k.lddw(reg(n), value)])),
  ];
  const times = [0, 1, 2].flatMap(() => [insn, k.store(8, 'r10', -40, 7)]);
  const show = [k.store(8, 'r10', -48, 'r0'), k.kfunc(1), k.exit];
  return k.link([[...setUp, NEXT_BLOCK, ...times, NEXT_BLOCK, ...show]], { data: DATA });
}

const FORMS = OPCODE_EXAMPLES.filter(({ insn }) => insn.kind !== 'call');

describe('the fast form of the reference', () => {
  it.each(FORMS.map((each) => [each.form.name, each.insn] as const))(
    'runs %s as the strict one',
    (_, insn) => {
      const property = fc.property(registers, operands, (words, values) => {
        expectEqual(around(words, withOperands(insn, values)), k.envOf({ memory: MEMORY }));
      });
      fc.assert(property, { seed: 83, numRuns: 60 });
    },
  );

  it('reaches every end there is, and each as the strict one', () => {
    const ends = new Map<string, number>();
    const choices = fc.constantFrom<Choices>({}, { divisionByZero: 'exit' });
    const property = fc.property(
      fc.constantFrom(...FORMS),
      registers,
      operands,
      choices,
      fc.integer({ min: 1, max: 80 }),
      ({ insn }, words, values, chosen, insnLimit) => {
        const env = { ...k.envOf({ memory: MEMORY, insnLimit }), choices: chosen };
        const end = expectEqual(around(words, withOperands(insn, values)), env);
        ends.set(end, (ends.get(end) ?? 0) + 1);
      },
    );
    fc.assert(property, { seed: 84, numRuns: 3000 });
    expect([...ends.keys()].sort()).toEqual(['budget', 'exit', 'poison', 'read', 'unsupported', 'write']);
  });

  it('runs generated programs as the strict one, frames where an image has them, up to any limit', () => {
    const property = fc.property(
      bpfProgram(),
      fc.integer({ min: 1, max: 200 }),
      ({ program, input }, limit) => {
        const env = { input, models: new Map(), insnLimit: 100_000 };
        const placement = placementOf(compile(program).image, program, input);
        const options = placement === undefined ? {} : { placement };
        expectEqual(program, env, options);
        expectEqual(program, { ...env, insnLimit: limit }, options);
      },
    );
    fc.assert(property, { seed: 85, numRuns: 400 });
  });
});
