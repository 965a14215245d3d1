/** Where a JIT departs from RFC 9669 on purpose, the reference can follow it. */
import { describe, expect, it } from 'vitest';
import type { AluOp } from '../../src/bpf/alu.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { alu, envOf, exit, helper, lddw, link, mov, sub } from '../kit/insns.ts';

const EXITS = { ...envOf(), choices: { divisionByZero: 'exit' } } as const;

describe('a division by zero that ends the program', () => {
  it.each<[AluOp, 32 | 64]>([
    ['div', 64],
    ['mod', 32],
    ['sdiv', 32],
    ['smod', 64],
  ])('%s, %d bits', (op, width) => {
    const program = link([
      [mov('r0', 7), mov('r1', 9), mov('r2', 0), alu(width, op, 'r1', 'r2'), helper(1), exit],
    ]);
    const chosen = interpret(program, EXITS);
    expect(chosen).toMatchObject({ outcome: { kind: 'exit', r0: 0n }, choicesMet: ['divisionByZero'] });
    expect(chosen.trace.events).toMatchObject([{ kind: 'return', subprog: 0, result: 0n, regs: null }]);
    expect(interpret(program, envOf()).choicesMet).toBeUndefined();
  });

  it('looks at as many bits as are divided by', () => {
    const by = (width: 32 | 64) => {
      const program = link([[mov('r0', 8), lddw('r1', 1n << 32n), alu(width, 'div', 'r0', 'r1'), exit]]);
      return interpret(program, EXITS).choicesMet;
    };
    expect([by(32), by(64)]).toEqual([['divisionByZero'], undefined]);
  });

  it('is none of an immediate', () => {
    const program = link([[mov('r0', 8), alu(64, 'div', 'r0', 0), exit]]);
    expect(interpret(program, EXITS)).toMatchObject({ outcome: { kind: 'exit', r0: 0n } });
    expect(interpret(program, EXITS).choicesMet).toBeUndefined();
  });

  it('is not known below main', () => {
    const program = link([
      [sub(1), exit],
      [mov('r0', 1), mov('r1', 0), alu(64, 'mod', 'r0', 'r1'), exit],
    ]);
    expect(interpret(program, EXITS).outcome).toMatchObject({ kind: 'unsupported' });
  });
});
