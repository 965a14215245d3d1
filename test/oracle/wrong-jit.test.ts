/** A JIT that makes code of another program than it was given: what it gets wrong is named, by field. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import { DATA_BASE } from '../../src/core/layout.ts';
import { compile } from '../../src/jit/compile.ts';
import { fieldName } from '../../src/report/words.ts';

function programOf(text: string): Program {
  const { insns, functionNames, callees } = assemble(text, { dialect: 'llvm' });
  const data = [{ name: '.data', address: DATA_BASE, bytes: new Uint8Array(16), writable: true }];
  return buildProgram(insns, { name: 'test', functionNames, callees, data });
}

let made: Program;
let checker: Checker;
beforeAll(() => {
  checker = new Checker({ compile: () => compile(made).image });
});
afterAll(() => checker.close());

const lines = (...text: string[]): string => `${text.join('\n')}\n`;
const moves = (...values: number[]): string => lines(...values.map((value, i) => `r${i + 1} = ${value}`));
const passes = (sixth: number, seventh: number, eighth: number): string =>
  lines(
    `*(u64 *)(r11 - 8) = ${sixth}`,
    `*(u64 *)(r11 - 16) = ${seventh}`,
    `*(u64 *)(r11 - 24) = ${eighth}`,
    moves(1, 2, 3, 4, 5),
  );
const SUM = lines(
  'sum:',
  'r0 = *(u64 *)(r11 + 8)',
  'r1 = *(u64 *)(r11 + 16)',
  'r0 += r1',
  'r1 = *(u64 *)(r11 + 24)',
  'r0 += r1',
  'exit',
);

it.each<[string, string, string, string[]]>([
  [
    'arguments 7 and 8 swapped, in a callee that adds them',
    passes(6, 7, 8) + lines('call sum', 'exit') + SUM,
    passes(6, 8, 7) + lines('call sum', 'exit') + SUM,
    ['call 1 (subprog sum) arg 7', 'call 1 (subprog sum) arg 8'],
  ],
  [
    'argument 6 wrong, of a kfunc whose result is dropped',
    passes(6, 7, 8) + lines('call foo', 'r0 = 0', 'exit'),
    passes(9, 7, 8) + lines('call foo', 'r0 = 0', 'exit'),
    ['call 1 (kfunc foo) arg 6', 'call 1 (kfunc foo) result'],
  ],
  [
    'r7 lost at a call',
    lines('r7 = 7', moves(1, 2, 3, 4, 5), 'call foo', 'r0 = 0', 'r7 = 0', 'exit'),
    lines('r7 = 8', moves(1, 2, 3, 4, 5), 'call foo', 'r0 = 0', 'r7 = 0', 'exit'),
    ['call 1 (kfunc foo) r7'],
  ],
  [
    'a byte of the stack',
    lines('*(u64 *)(r10 - 8) = 1', 'r0 = 0', 'exit'),
    lines('*(u64 *)(r10 - 8) = 257', 'r0 = 0', 'exit'),
    ['return from main stack r10-7'],
  ],
  [
    'context memory, and r0 after it',
    lines('*(u8 *)(r1 + 3) = 1', 'r0 = 1', 'exit'),
    lines('*(u8 *)(r1 + 3) = 2', 'r0 = 2', 'exit'),
    ['r0', 'memory[3]', 'return from main result'],
  ],
  [
    'data',
    lines(`r1 = ${DATA_BASE} ll`, '*(u8 *)(r1 + 8) = 1', 'r0 = 1', 'exit'),
    lines(`r1 = ${DATA_BASE} ll`, '*(u8 *)(r1 + 8) = 2', 'r0 = 1', 'exit'),
    ['.data[8]'],
  ],
  [
    'a call left out',
    lines(moves(1, 2, 3, 4, 5), 'call foo', 'r0 = 0', 'exit'),
    lines(moves(1, 2, 3, 4, 5), 'goto +0', 'r0 = 0', 'exit'),
    ['call 1 (kfunc foo)'],
  ],
])('%s', (_, right, wrong, fields) => {
  const program = programOf(right);
  const memory = new Uint8Array(8);
  made = program;
  expect(checker.check(program, { memory })).toMatchObject({ verdict: 'agree' });
  made = programOf(wrong);
  const result = checker.check(program, { memory });
  expect(result.verdict).toBe('diverge');
  expect(result.divergences.map(({ subject }) => fieldName(subject, result))).toEqual(fields);
});
