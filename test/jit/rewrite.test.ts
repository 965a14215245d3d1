/** Each rewrite against the instructions Linux's verifier puts there: bpf_do_misc_fixups(). */
import { describe, expect, it } from 'vitest';
import type { AluOp } from '../../src/bpf/alu.ts';
import type { Insn, Width } from '../../src/bpf/insn.ts';
import type { Program, Subprog } from '../../src/bpf/program.ts';
import type { Entry, RewritePass } from '../../src/jit/entries.ts';
import { type Rewritten, rewrite } from '../../src/jit/rewrite.ts';
import { alu, atomic, exit, ja, jcc, lddw, link, mayGoto, mov, store, sub } from '../kit/insns.ts';

function rewritten(program: Program, index: number, depth = 0): Rewritten {
  return rewrite(program.insns, program.subprogs[index] as Subprog, depth);
}

const entriesOf = (body: readonly Insn[], depth = 0): readonly Entry[] =>
  rewritten(link([body]), 0, depth).entries.list();

/** One instruction as text; jumps by the entry they go to. `ax` is the register of the rewrites. */
function text({ insn, target }: Entry): string {
  const reg = (n: number): string => (n === 13 ? 'ax' : `r${n}`);
  switch (insn.kind) {
    case 'alu': {
      const w = insn.width === 32 ? 'w' : '';
      const src = insn.source === 'X' ? reg(insn.src) : insn.imm;
      return insn.op === 'neg' ? `neg${w} ${reg(insn.dst)}` : `${insn.op}${w} ${reg(insn.dst)} ${src}`;
    }
    case 'jcc':
      return `${insn.op}${insn.width === 32 ? 'w' : ''} ${reg(insn.dst)} ${insn.imm} -> ${target}`;
    case 'ja':
      return `ja -> ${target}`;
    case 'ldx':
      return `ldx${insn.sign ? 's' : ''}${insn.size} ${reg(insn.dst)} ${reg(insn.src)} ${insn.off}`;
    case 'stx':
      return `stx${insn.size} ${reg(insn.dst)} ${insn.off} ${reg(insn.src)}`;
    case 'st':
      return `st${insn.size} ${reg(insn.dst)} ${insn.off} ${insn.imm}`;
    case 'atomic':
      return `${insn.op}${insn.size}`;
    default:
      return insn.kind;
  }
}

const texts = (body: readonly Insn[], depth = 0): string[] => entriesOf(body, depth).map(text);

type Row = readonly [op: AluOp, width: Width, want: readonly string[]];

// biome-ignore format: a table, in the kernel's order
const BY_REGISTER: readonly Row[] = [
  ['div',  64, ['jne r2 0 -> 3', 'xorw r1 r1', 'ja -> 4', 'div r1 r2']],
  ['div',  32, ['jnew r2 0 -> 3', 'xorw r1 r1', 'ja -> 4', 'divw r1 r2']],
  ['mod',  64, ['jeq r2 0 -> 2', 'mod r1 r2']],
  ['mod',  32, ['jeqw r2 0 -> 3', 'modw r1 r2', 'ja -> 4', 'movw r1 r1']],
  ['sdiv', 64, ['mov ax r2', 'add ax 1', 'jgt ax 1 -> 7', 'jeq ax 0 -> 5', 'mov r1 0', 'neg r1', 'ja -> 8', 'sdiv r1 r2']],
  ['sdiv', 32, ['mov ax r2', 'addw ax 1', 'jgtw ax 1 -> 7', 'jeqw ax 0 -> 5', 'movw r1 0', 'negw r1', 'ja -> 8', 'sdivw r1 r2']],
  ['smod', 64, ['mov ax r2', 'add ax 1', 'jgt ax 1 -> 6', 'jeq ax 1 -> 7', 'movw r1 0', 'ja -> 7', 'smod r1 r2']],
  ['smod', 32, ['mov ax r2', 'addw ax 1', 'jgtw ax 1 -> 6', 'jeqw ax 1 -> 8', 'movw r1 0', 'ja -> 7', 'smodw r1 r2', 'ja -> 9', 'movw r1 r1']],
];

// biome-ignore format: a table
const BY_CONSTANT: readonly (readonly [op: AluOp, width: Width, imm: number, want: readonly string[]])[] = [
  ['div',  64, 7,  ['div r1 7']],
  ['div',  64, -1, ['div r1 -1']],
  ['mod',  32, -1, ['modw r1 -1']],
  ['div',  64, 0,  ['movw r1 0']],
  ['div',  32, 0,  ['movw r1 0']],
  ['sdiv', 64, 0,  ['movw r1 0']],
  ['mod',  64, 0,  ['ja -> 1']],
  ['mod',  32, 0,  ['movw r1 r1']],
  ['smod', 64, 0,  ['ja -> 1']],
  ['smod', 32, 0,  ['movw r1 r1']],
  ['sdiv', 64, -1, ['neg r1']],
  ['sdiv', 32, -1, ['negw r1']],
  ['smod', 64, -1, ['movw r1 0']],
  ['smod', 32, -1, ['movw r1 0']],
];

it('leaves a program of 2,000 instructions as it is', () => {
  const body = [...Array.from({ length: 1999 }, (_, k) => mov('r0', k)), exit];
  const entries = entriesOf(body);
  expect(entries.map(({ pc, target, pass }) => [pc, target, pass])).toEqual(
    body.map((_, pc) => [pc, -1, undefined]),
  );
});

it('has room for whatever 1,000 divisions become', () => {
  const body = [...Array.from({ length: 1000 }, () => alu(64, 'smod', 'r0', 'r1')), exit];
  expect(entriesOf(body).map(({ pc }) => pc)).toEqual([
    ...Array.from({ length: 7000 }, (_, k) => Math.floor(k / 7)),
    1000,
  ]);
});

describe('rewrite', () => {
  it.each(BY_REGISTER)('guards %s of %i bits by a register', (op, width, want) => {
    const [last, ...rest] = texts([alu(width, op, 'r1', 'r2'), exit]).reverse();
    expect(rest.reverse()).toEqual(want);
    expect(last).toBe('exit');
  });

  it.each(BY_CONSTANT)('makes of %s of %i bits by %i', (op, width, imm, want) => {
    expect(texts([alu(width, op, 'r1', imm), exit])).toEqual([...want, 'exit']);
  });

  it.each([
    [4, ['cmpxchg4', 'movw r0 r0', 'exit']],
    [8, ['cmpxchg8', 'exit']],
  ] as const)('zero-extends r0 after a cmpxchg of %i bytes', (size, want) => {
    expect(texts([atomic('cmpxchg', size, 'r1', 0, 'r2'), exit])).toEqual(want);
  });

  it('counts may_goto down below the stack of the frame', () => {
    const body = [mov('r0', 0), mayGoto(1), ja(-2), exit];
    const want = [
      'st8 r10 -32 8388608',
      'mov r0 0',
      'ldx8 ax r10 -32',
      'jeq ax 0 -> 7',
      'sub ax 1',
      'stx8 r10 -32 ax',
      'ja -> 2',
      'exit',
    ];
    expect(texts(body, 24)).toEqual(want);
  });

  it('jumps to a may_goto that is the first instruction without counting from the start again', () => {
    // The kernel adjusts such jumps to come after the store.
    const body = [mayGoto(2), mov('r0', 0), ja(-3), exit];
    expect(texts(body)).toEqual([
      'st8 r10 -8 8388608',
      'ldx8 ax r10 -8',
      'jeq ax 0 -> 7',
      'sub ax 1',
      'stx8 r10 -8 ax',
      'mov r0 0',
      'ja -> 1',
      'exit',
    ]);
  });

  it('jumps to the first of a group, and past it', () => {
    const body = [
      jcc(64, 'jeq', 'r1', 0, 1),
      jcc(64, 'jeq', 'r1', 1, 1),
      alu(64, 'div', 'r1', 'r2'),
      lddw('r3', 1n),
      jcc(64, 'jne', 'r1', 2, -4),
      jcc(64, 'jne', 'r1', 3, -4),
      ja(-7),
    ];
    expect(texts(body)).toEqual([
      'jeq r1 0 -> 2',
      'jeq r1 1 -> 6',
      'jne r2 0 -> 5',
      'xorw r1 r1',
      'ja -> 6',
      'div r1 r2',
      'lddw',
      'jne r1 2 -> 2',
      'jne r1 3 -> 6',
      'ja -> 1',
    ]);
  });

  it('goes backwards with a may_goto', () => {
    const body = [mov('r0', 0), mov('r1', 1), mayGoto(-2), exit];
    expect(texts(body)[4]).toBe('jeq ax 0 -> 2');
  });

  it('says which rewrite made an entry, and of which instruction', () => {
    const body = [
      mov('r1', 8),
      alu(64, 'smod', 'r1', 'r2'),
      atomic('cmpxchg', 4, 'r3', 0, 'r4'),
      mayGoto(0),
      exit,
    ];
    const notes = entriesOf(body).map(({ pc, pass }) => `${pc} ${pass ?? '-'}`);
    expect([...new Set(notes)]).toEqual([
      '0 may_goto',
      '0 -',
      '1 div-minus-one',
      '2 cmpxchg32-zext',
      '3 may_goto',
      '4 -',
    ]);
  });

  // biome-ignore format: a table
  it.each<readonly [what: string, insn: Insn, want: RewritePass | undefined]>([
    ['div by a register',     alu(64, 'div', 'r1', 'r2'),              'div-by-zero'],
    ['mod by a register',     alu(64, 'mod', 'r1', 'r2'),              'div-by-zero'],
    ['32-bit mod by one',     alu(32, 'mod', 'r1', 'r2'),              'div-by-zero'],
    ['sdiv by a register',    alu(64, 'sdiv', 'r1', 'r2'),             'div-minus-one'],
    ['smod by a register',    alu(64, 'smod', 'r1', 'r2'),             'div-minus-one'],
    ['div by 0',              alu(64, 'div', 'r1', 0),                 'div-by-zero'],
    ['smod by 0',             alu(64, 'smod', 'r1', 0),                'div-by-zero'],
    ['sdiv by -1',            alu(64, 'sdiv', 'r1', -1),               'div-minus-one'],
    ['a 32-bit cmpxchg',      atomic('cmpxchg', 4, 'r1', 0, 'r2'),     'cmpxchg32-zext'],
    ['may_goto',              mayGoto(0),                              'may_goto'],
    ['mod by -1, unsigned',   alu(64, 'mod', 'r1', -1),                undefined],
    ['a 32-bit exchange',     atomic('xchg', 4, 'r1', 0, 'r2'),        undefined],
    ['addition',              alu(64, 'add', 'r1', 'r2'),              undefined],
  ])('marks all it makes of %s', (_what, insn, want) => {
    const passes = entriesOf([insn, exit]).map(({ pass }) => pass);
    expect(new Set(passes.slice(0, -1))).toEqual(new Set([want]));
    expect(passes.at(-1)).toBeUndefined();
  });

  it('makes instructions as decoding would: a source is a register or a number, and jumps alone have targets', () => {
    const ops: AluOp[] = ['div', 'mod', 'sdiv', 'smod'];
    const divisions = ([32, 64] as const).flatMap((width) =>
      ops.flatMap((op) => [0, -1, 7, 'r2' as const].map((value) => alu(width, op, 'r1', value))),
    );
    const body = [...divisions, atomic('cmpxchg', 4, 'r1', 0, 'r2'), mayGoto(0), exit];
    for (const { insn, target } of entriesOf(body)) {
      if (insn.kind === 'alu' || insn.kind === 'jcc') {
        expect(['K', 'X']).toContain(insn.source);
        expect([insn.src, insn.imm]).toContain(0);
        if (insn.source === 'K') expect(insn.src).toBe(0);
        else expect(insn.imm).toBe(0);
      }
      if (insn.kind === 'ja' || insn.kind === 'jcc') expect(target).toBeGreaterThanOrEqual(0);
      else expect(target).toBe(-1);
    }
  });

  it('counts entries from the start of the subprog, and looks at no other', () => {
    const callee = [mayGoto(1), ja(-2), mov('r0', 0), jcc(64, 'jeq', 'r1', 0, -2), exit];
    const program = link([[mov('r0', 0), sub(1), exit], callee, [mayGoto(0), exit]]);
    expect(rewritten(program, 0, 16)).toMatchObject({ stackDepth: 16, entries: { count: 3 } });
    const { stackDepth, ...made } = rewritten(program, 1, 16);
    const entries = made.entries.list();
    expect(stackDepth).toBe(24);
    expect(entries.map(text)).toEqual([
      'st8 r10 -24 8388608',
      'ldx8 ax r10 -24',
      'jeq ax 0 -> 6',
      'sub ax 1',
      'stx8 r10 -24 ax',
      'ja -> 1',
      'mov r0 0',
      'jeq r1 0 -> 6',
      'exit',
    ]);
    expect(entries.map(({ pc }) => pc - 3)).toEqual([0, 0, 0, 0, 0, 1, 2, 3, 4]);
  });

  it('leaves all else alone', () => {
    const body = [mov('r0', 0), store(4, 'r10', -4, 0), atomic('xchg', 4, 'r10', -4, 'r0'), exit];
    expect(entriesOf(body).map(({ insn }) => insn)).toEqual(body);
  });
});
