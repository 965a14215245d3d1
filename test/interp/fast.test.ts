import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { OPCODE_EXAMPLES } from '../../src/bpf/opcode-forms.ts';
import type { Program } from '../../src/bpf/program.ts';
import { CTX_BASE, DATA_BASE, MAIN_FP } from '../../src/core/layout.ts';
import { runFast } from '../../src/interp/fast/run.ts';
import { type InterpretOptions, interpret } from '../../src/interp/interpret.ts';
import { DEFAULT_PLACEMENT, Machine } from '../../src/interp/machine.ts';
import * as k from '../kit/insns.ts';
import { describeOutcome } from '../kit/run.ts';

/** Where the interpreter is first asked, in a run that is translated from its first instruction on. */
function interpreted(program: Program, env: k.EnvParts = {}, options: InterpretOptions = {}): number[] {
  const machine = new Machine(program, k.envOf(env), options.placement ?? DEFAULT_PLACEMENT, 0);
  const slots: number[] = [];
  runFast(machine, 0, 0, ({ next }) => {
    slots.push(next);
    return { kind: 'budget' };
  });
  return slots;
}

/** How both forms of the reference end, which must be alike. */
function ends(program: Program, env: k.EnvParts = {}, options: InterpretOptions = {}): string {
  const want = interpret(program, k.envOf(env), { ...options, reference: 'strict' });
  for (const fastFrom of [0, undefined])
    expect(interpret(program, k.envOf(env), { ...options, fastFrom })).toEqual(want);
  return describeOutcome(want.outcome);
}

/** Runs `body` so many times, r9 counting down. */
const times = (turns: number, body: readonly Insn[]): Insn[] => [
  k.mov('r9', turns),
  ...body,
  k.add('r9', -1),
  k.jcc(64, 'jne', 'r9', 0, -body.length - 2),
];

describe('translated code', () => {
  const forms = OPCODE_EXAMPLES.filter(({ insn }) => insn.kind !== 'call' && insn.kind !== 'exit').map(
    ({ form, insn }) => [form.name, insn] as const,
  );

  it.each(forms)('runs %s, and leaves nothing of it to the interpreter', (_, insn) => {
    const isJump = 'off' in insn && 'dst' in insn && !('size' in insn);
    const suited = {
      ...insn,
      ...('dst' in insn && { dst: 'source' in insn ? 6 : 1 }),
      ...('src' in insn && insn.kind !== 'lddw' && { src: insn.kind === 'ldx' ? 1 : 7 }),
      ...(insn.kind === 'atomic' && insn.op === 'load_acquire' && { dst: 7, src: 1 }),
      ...('imm' in insn && 'source' in insn && insn.source === 'K' && { imm: 3 }),
      ...(insn.kind === 'ldx' && { dst: 7 }),
      ...(isJump && { off: 0 }),
    } as Insn;
    const body = [k.lddw('r7', 5n), k.mov('r0', 5), k.mov('r6', 9), suited];
    const program = k.link([[...body, k.exit]]);
    expect(interpreted(program, { memory: new Uint8Array(16) })).toEqual([program.insns.length - 1]);
  });

  it('leaves accesses that a verifier made to the interpreter', () => {
    const probe: Insn = { ...k.ldx(8, 'r0', 'r1', 0), access: 'probe' } as Insn;
    const arena: Insn = { kind: 'st', size: 8, dst: 1, off: 0, imm: 1, access: 'arena' };
    for (const insn of [probe, arena])
      expect(interpreted(k.link([[k.mov('r0', 5), insn, k.exit]]), { memory: new Uint8Array(16) })).toEqual([
        1,
      ]);
  });

  it('leaves constant divisors without a quotient to the interpreter', () => {
    for (const op of ['div', 'mod', 'sdiv', 'smod'] as const)
      expect(interpreted(k.link([[k.mov('r0', 1), k.alu(64, op, 'r0', 0), k.exit]]))).toEqual([1]);
    expect(interpreted(k.link([[k.mov('r0', 1), k.alu(64, 'sdiv', 'r0', -1), k.exit]]))).toEqual([1]);
    expect(interpreted(k.link([[k.mov('r0', 1), k.alu(64, 'smod', 'r0', -1), k.exit]]))).toEqual([2]);
  });

  it('takes jumps ahead, back and to themselves', () => {
    const body = [
      k.jcc(64, 'jset', 'r9', 1, 2),
      k.jcc(32, 'jset', 'r9', 2, 1),
      k.ja(1),
      k.add('r0', 7),
      k.add('r0', 1),
    ];
    const program = k.link([
      [
        k.mov('r0', 0),
        ...times(100, body),
        k.mov('r1', 9),
        k.add('r1', -1),
        k.jcc(32, 'jne', 'r1', 0, -2),
        k.ja(1),
        k.exit,
        k.add('r0', 1),
        k.ja(-3),
      ],
    ]);
    expect(ends(program)).toBe('exit 0x0000000000000272');
    expect(interpreted(program)).toEqual([13]);
  });
});

describe('the fast form', () => {
  const sum = k.link([[k.mov('r0', 0), ...times(50_000, [k.alu(64, 'add', 'r0', 'r9')]), k.exit]]);

  it('sets in by itself where a run is long, and ends like the strict one', () => {
    const env = k.envOf({ insnLimit: 1_000_000 });
    const want = interpret(sum, env, { reference: 'strict' });
    expect(describeOutcome(want.outcome)).toBe('exit 0x000000004a81de28');
    // The second time what was translated is there.
    for (let run = 0; run < 2; run++) expect(interpret(sum, env)).toEqual(want);
  });

  it.each([9_999, 10_000, 10_001, 10_030, 12_345, 100_000])('stops at a limit of %d', (insnLimit) => {
    expect(ends(sum, { insnLimit })).toBe('budget');
    const { insns, outcome } = interpret(sum, k.envOf({ insnLimit }));
    expect([outcome.kind, insns]).toEqual(['budget', insnLimit]);
  });

  it('works on the frames of callers, and on what a frame covers of them', () => {
    // The callee walks from below its own frame to above its caller's, whose stack starts 24 bytes above its own.
    const callee = [
      ...times(48, [
        k.mov('r2', 'r9'),
        k.alu(64, 'lsh', 'r2', 3),
        k.add('r2', 'r1'),
        k.store(8, 'r2', -100, 'r9'),
      ]),
      k.mov('r0', 0),
      k.exit,
    ];
    const main = [k.mov('r1', 'r10'), k.add('r1', -300), k.sub(1), k.ldx(8, 'r0', 'r10', -16), k.exit];
    for (const bytes of [0, 24, 512]) {
      const options = { placement: { mainFp: MAIN_FP, frameBytes: () => bytes } };
      expect(ends(k.link([main, callee]), {}, options)).toMatch(/^exit|^poison/);
    }
  });

  it('passes over the end of a range, into the next, and into what is read-only', () => {
    const data = [
      { name: '.data', address: DATA_BASE, bytes: new Uint8Array(24), writable: true },
      { name: '.rodata', address: DATA_BASE + 24n, bytes: new Uint8Array(24), writable: false },
    ];
    const walk = (insn: Insn): Program =>
      k.link([[k.mov('r0', 0), k.lddw('r1', DATA_BASE), ...times(48, [insn, k.add('r1', 1)]), k.exit]], {
        data,
      });
    expect(ends(walk(k.ldx(1, 'r0', 'r1', 0)))).toBe('exit 0x0000000000000000');
    expect(ends(walk(k.ldx(8, 'r0', 'r1', 0)))).toBe(`read 0x000035d180000011 8 at 4`);
    expect(ends(walk(k.store(1, 'r1', 0, 1)))).toBe('write 0x000035d180000018 1 at 4');
  });

  it('gives up on a subprog that changes sides all the time', () => {
    const program = k.link([[...times(400, [k.mov('r1', 1), k.helper(5)]), k.mov('r0', 0), k.exit]]);
    expect(ends(program)).toBe('exit 0x0000000000000000');
  });

  it('goes on with a subprog that pays, whatever it calls', () => {
    const work = Array.from({ length: 12 }, () => k.mov('r1', 1));
    const program = k.link([[...times(400, [...work, k.helper(5)]), k.mov('r0', 0), k.exit]]);
    expect(ends(program)).toBe('exit 0x0000000000000000');
  });

  it('counts down what may_goto may still be passed', () => {
    const program = k.link([[k.mov('r0', 0), k.mayGoto(2), k.add('r0', 1), k.ja(-3), k.exit]]);
    const { outcome } = interpret(program, k.envOf({ insnLimit: 100_000_000 }));
    expect(describeOutcome(outcome)).toBe('exit 0x0000000000800000');
  });

  it('leaves the context as it is on the outside', () => {
    const memory = new Uint8Array(16);
    const program = k.link([[k.mov('r0', 0), ...times(9, [k.store(8, 'r1', 8, 'r9')]), k.exit]]);
    const { memory: after } = interpret(program, k.envOf({ memory }), { fastFrom: 0 });
    expect([memory[8], after[8], after.length]).toEqual([0, 1, 16]);
  });
});

describe('what is not translated, and runs as ever:', () => {
  const loop = [k.mov('r0', 0), ...times(40, [k.add('r0', 3)]), k.exit];

  it('subprogs of too many slots', () => {
    const program = k.link([
      [...loop.slice(0, -1), ...Array.from({ length: 4096 }, () => k.mov('r1', 1)), k.exit],
    ]);
    expect(ends(program)).toBe('exit 0x0000000000000078');
    expect(interpreted(program)).toEqual([0]);
  });

  it('a wide load of what a loader has to resolve, and an atomic of a byte', () => {
    const wide = k.link([[k.mov('r0', 0), k.lddw('r1', 5n, 1), k.exit]]);
    expect(interpreted(wide)).toEqual([1]);
    expect(ends(wide)).toBe('unsupported: lddw map_by_fd at 1');
    const byte = k.atomic('add', 1, 'r1', 0, 'r0');
    expect(interpreted(k.link([[k.mov('r0', 3), byte, k.exit]]), { memory: new Uint8Array(9) })).toEqual([1]);
  });

  it('too much data, or too many sections of it', () => {
    const section = (n: number, size: number) => ({
      name: `.data${n}`,
      address: DATA_BASE + BigInt(n * 0x1_0000),
      bytes: new Uint8Array(size),
      writable: true,
    });
    const many = k.link([loop], { data: Array.from({ length: 200 }, (_, n) => section(n, 8)) });
    expect(interpreted(many)).toEqual([0]);
    expect(ends(many)).toBe('exit 0x0000000000000078');
    const large = k.link([loop], { data: [section(0, 9_000_000)] });
    expect(interpreted(large)).toEqual([0]);
  });

  it('frames that lie across the context, or above those of their callers', () => {
    const onContext = { placement: { mainFp: CTX_BASE + 8n, frameBytes: () => 512 } };
    const memory = new Uint8Array(16);
    expect(ends(k.link([loop]), { memory }, onContext)).toBe('exit 0x0000000000000078');
    expect(interpreted(k.link([loop]), { memory }, onContext)).toEqual([0]);
    const upwards = { placement: { mainFp: MAIN_FP, frameBytes: () => -1000 } };
    expect(ends(k.link([[k.sub(1), k.exit], loop]), {}, upwards)).toBe('exit 0x0000000000000078');
  });

  it('programs that a model runs while another one runs', () => {
    const inner = k.link([loop]);
    const model = (): bigint => {
      const { outcome } = interpret(inner, k.envOf(), { fastFrom: 0 });
      return outcome.kind === 'exit' ? outcome.r0 : 0n;
    };
    const outer = k.link([[k.helper(5), k.exit]]);
    expect(ends(outer, { models: new Map([['helper:5', model]]) })).toBe('exit 0x0000000000000078');
  });

  it('what a model that throws leaves behind: the next run finds its place', () => {
    const models = new Map([
      [
        'helper:5',
        (): bigint => {
          throw new Error('no');
        },
      ],
    ]);
    const program = k.link([[k.helper(5), k.exit]]);
    expect(() => interpret(program, k.envOf({ models }), { fastFrom: 0 })).toThrow('its model threw');
    expect(interpreted(k.link([loop]))).toEqual([loop.length - 1]);
  });
});
