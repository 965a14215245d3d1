/** Programs as large as they come. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { compile } from '../../src/jit/compile.ts';
import { add, alu, envOf, exit, jcc, ldx, link, mov, store } from '../kit/insns.ts';
import { Machines } from './machines.ts';

const machines = new Machines();
afterAll(() => machines.close());

/** Counts in r0; each group of ten has a jump over the last of it, and stores to the stack. */
function long(insns: number): Insn[] {
  const body: Insn[] = [mov('r0', 0), mov('r6', 'r1')];
  for (let k = 0; body.length + 10 < insns; k++) {
    body.push(
      add('r0', k % 1000),
      alu(64, 'mul', 'r0', 31),
      store(8, 'r10', -8 * (1 + (k % 60)), 'r0'),
      ldx(1, 'r2', 'r6', k % 64),
      add('r0', 'r2'),
      alu(64, 'xor', 'r0', k),
      jcc(64, 'jset', 'r0', 4, 2),
      alu(64, 'rsh', 'r0', 3),
      add('r0', 7),
      store(4, 'r6', 4 * (k % 16), 'r0'),
    );
  }
  while (body.length < insns - 1) body.push(add('r0', 1));
  return [...body, exit];
}

describe('a program of 60,000 instructions', () => {
  it('compiles and does what the interpreter does', () => {
    const memory = Uint8Array.from({ length: 64 }, (_, i) => i * 37);
    const { want, verdict, compiled } = machines.run(link([long(60_000)]), envOf({ memory }));
    expect(want.outcome.kind).toBe('exit');
    expect(verdict).toEqual({ kind: 'agree' });
    expect(compiled.subprogs[0]?.passes).toBeLessThanOrEqual(20);
    expect(compiled.image.pcMap?.length).toBe(60_000);
  });

  it('has jumps over all of it, both ways', () => {
    const body = long(60_000).slice(0, -1);
    // 0: goto the end; 2: the body; then back to 2 once.
    const insns: Insn[] = [
      mov('r7', 0),
      { kind: 'ja', width: 32, off: body.length + 1 },
      ...body,
      exit,
      add('r7', 1),
      jcc(64, 'jeq', 'r7', 2, 1),
      { kind: 'ja', width: 32, off: -body.length - 4 },
      exit,
    ];
    const memory = new Uint8Array(64);
    const { want, verdict } = machines.run(link([insns]), envOf({ memory }));
    expect(want.outcome.kind).toBe('exit');
    expect(verdict).toEqual({ kind: 'agree' });
  });
});

describe('a program of 1,000,000 instructions', () => {
  it('settles in as few passes', () => {
    const { subprogs } = compile(link([long(1_000_000)]));
    expect(subprogs[0]?.passes).toBeLessThanOrEqual(20);
  });
});
