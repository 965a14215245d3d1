/** What an image says of itself, and that its code is what it says. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import type { Compiled, CompiledSubprog } from '../../src/jit/compile.ts';
import { alu, exit, helper, ja, jcc, kfunc, lddw, link, mayGoto, mov, store, sub } from '../kit/insns.ts';
import { compile, misplaced, nativeEntries } from './entries.ts';

const mainOf = ({ subprogs }: Compiled): CompiledSubprog => subprogs[0] as CompiledSubprog;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Code of an entry of main. */
function codeOf(compiled: Compiled, index: number): string {
  const { offset = 0, length = 0 } = nativeEntries(mainOf(compiled))[index] ?? {};
  return hex(compiled.image.code.subarray(offset, offset + length));
}

/** So many bytes of code, a multiple of 5, in as many instructions. */
const filler = (bytes: number): Insn[] => Array.from({ length: bytes / 5 }, () => mov('r1', 1));

/** main: may_goto, a wide load, a division, a store, a call; then a subprog that divides twice and counts. */
const PROGRAM = link([
  [mayGoto(0), lddw('r1', 5n), alu(64, 'div', 'r1', 'r2'), store(8, 'r10', -8, 0), sub(1), exit],
  [
    alu(64, 'mod', 'r1', 'r2'),
    alu(64, 'div', 'r1', 'r2'),
    alu(64, 'sdiv', 'r1', 'r2'),
    mayGoto(0),
    helper(3),
    kfunc(3),
    exit,
  ],
]);

describe('an image', () => {
  it('is told to be of the builtin JIT, and starts with main', () => {
    expect(compile(PROGRAM).image).toMatchObject({ jit: 'builtin', entry: 0 });
    expect(compile(PROGRAM).image.subprogEntries[0]).toBe(0);
  });

  it('stays as it is when the next program is compiled', () => {
    const { code } = compile(link([[mov('r0', 1), exit]])).image;
    const before = hex(code);
    compile(PROGRAM);
    expect(hex(code)).toBe(before);
  });

  it('ends with its last instruction', () => {
    for (const program of [PROGRAM, link([[ja(0), ja(0), mov('r0', 0), exit]])]) {
      const { image, subprogs } = compile(program);
      const { offset = 0, length = 0 } = nativeEntries(subprogs.at(-1) as CompiledSubprog).at(-1) ?? {};
      expect(image.code.length).toBe(offset + length);
    }
  });

  it('maps each slot to the first code of what it became, the counter of may_goto left to the prologue', () => {
    const { image, subprogs } = compile(PROGRAM);
    const [main, callee] = subprogs.map((subprog) => nativeEntries(subprog).map(({ offset }) => offset));
    // main: st | ldx jeq sub stx | lddw | jne xor ja div | st | call | exit
    const inMain = [1, 5, 6, 10, 11, 12].map((entry) => main?.[entry]);
    // st | jeq mod | jne xor ja div | mov add jgt jeq mov neg ja sdiv | ldx jeq sub stx | call | call | exit
    const inCallee = [1, 3, 7, 15, 19, 20, 21].map((entry) => callee?.[entry]);
    const offsets = [...inMain, ...inCallee];
    const pcs = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
    expect([...(image.pcMap ?? [])]).toEqual(pcs.map((pc, i) => [pc, offsets[i]]));
  });

  it('maps a store that may_goto did not make', () => {
    const { image } = compile(link([[store(8, 'r10', -8, 0), mayGoto(0), exit]]));
    expect([...(image.pcMap ?? [])].map(([pc]) => pc)).toEqual([0, 1, 2]);
  });

  it('lists the rewrites, one note for each instruction and pass', () => {
    expect(compile(PROGRAM).rewrites).toEqual([
      { pass: 'may_goto', pc: 0, insns: 5 },
      { pass: 'div-by-zero', pc: 3, insns: 4 },
      { pass: 'may_goto', pc: 7, insns: 1 },
      { pass: 'div-by-zero', pc: 7, insns: 2 },
      { pass: 'div-by-zero', pc: 8, insns: 4 },
      { pass: 'div-minus-one', pc: 9, insns: 8 },
      { pass: 'may_goto', pc: 10, insns: 4 },
    ]);
  });

  it('lists its calls with what they call', () => {
    const { image } = compile(PROGRAM);
    expect(image.callSites?.map(({ pc, callee }) => [pc, callee])).toEqual([
      [5, { kind: 'bpf', id: 1 }],
      [11, { kind: 'helper', id: 3 }],
      [12, { kind: 'kfunc', id: 3 }],
    ]);
    // e8 and a displacement end where the call returns to.
    for (const { returnOffset } of image.callSites ?? []) expect(image.code[returnOffset - 5]).toBe(0xe8);
  });
});

describe('jumps', () => {
  it('are long where their target is far, and land on it', () => {
    // The fillers take 300 bytes: 30 wide loads.
    const far = Array.from({ length: 30 }, () => lddw('r1', 1n << 40n));
    const compiled = compile(link([[jcc(64, 'jeq', 'r1', 'r2', 60), ...far, mov('r0', 0), ja(-62), exit]]));
    expect(codeOf(compiled, 0)).toBe('4839f70f842c010000');
    expect(codeOf(compiled, 32)).toBe('e9cdfeffff');
    expect(misplaced(nativeEntries(mainOf(compiled)), compiled.image.code)).toEqual([]);
  });

  it('of later exits go to the first one, wherever that is', () => {
    const first = compile(link([[exit, mov('r0', 0), exit]]));
    expect([codeOf(first, 0), codeOf(first, 2)]).toEqual(['c9c3', 'ebfa']);
    const far = compile(link([[exit, ...filler(200), exit]]));
    expect(hex(far.image.code.subarray(-5))).toBe(`e9${hex(new Uint8Array(Int32Array.of(-207).buffer))}`);
  });

  it('over wide instructions are estimated by slot, which takes a pass more', () => {
    const passes = (over: Insn, slots: number) =>
      mainOf(compile(link([[jcc(64, 'jeq', 'r1', 'r2', slots), over, exit]]))).passes;
    expect([passes(mov('r1', 0), 1), passes(lddw('r1', 0n), 2)]).toEqual([2, 3]);
  });

  it('that could still shrink after 15 passes are padded, in front', () => {
    // A jump covers 124 bytes while the next one is long, and 120 once it is short: one gives way a pass.
    const links = 20;
    const body = Array.from({ length: links }, (_, k): Insn[] => {
      const toBehindTheNext = k === links - 1 ? 23 : 24;
      return [jcc(64, 'jeq', 'r1', 'r2', toBehindTheNext), ...filler(115)];
    });
    const compiled = compile(link([[...body.flat(), mov('r0', 0), exit]]));
    const jumps = body.map((_, k) => codeOf(compiled, 24 * k));
    const [long, padded, short] = ['4839f70f847c000000', '4839f70f1f40007478', '4839f77478'];
    expect(jumps.at(-1)).toBe('4839f77473');
    expect(new Set(jumps.slice(0, -1))).toEqual(new Set([long, padded, short]));
    expect(misplaced(nativeEntries(mainOf(compiled)), compiled.image.code)).toEqual([]);
    expect(mainOf(compiled).passes).toBeGreaterThan(15);
  });
});
