import { describe, expect, it } from 'vitest';
import { type Profile, STRUCTURES } from '../../src/arb/profile.ts';
import { formOf, OPCODE_FORMS } from '../../src/bpf/opcode-forms.ts';
import type { Program } from '../../src/bpf/program.ts';
import { learnProfile, type Refusal } from '../../src/fuzz/learn.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { compile } from '../../src/jit/compile.ts';
import { envOf } from '../kit/insns.ts';

function learn(refusal: Refusal): Profile {
  const learned = learnProfile(refusal);
  if (learned.kind !== 'profile') throw new Error(learned.why);
  return learned.profile;
}

/** Refuses programs that have a form. */
const refusing =
  (...names: readonly string[]): Refusal =>
  ({ insns }) =>
    insns
      .map((insn) => (insn === undefined ? undefined : formOf(insn)?.name))
      .find((name) => name !== undefined && names.includes(name));

describe('learnProfile', () => {
  it('finds nothing lacking in a JIT that takes all', () => {
    expect(learn(() => undefined).lacks.size).toBe(0);
    const builtin: Refusal = (program) => {
      compile(program);
      return undefined;
    };
    expect(learn(builtin).lacks.size).toBe(0);
  });

  it.each(['sdiv 32 X', 'atomic fetch_xor dw', 'call local', 'ldxs h', 'may_goto', 'jset 32 K', 'bswap 16'])(
    'finds that %s alone is lacking, with the reason',
    (name) => {
      expect([...learn(refusing(name)).lacks]).toEqual([[name, name]]);
    },
  );

  it('needs no loads to find what else a JIT takes', () => {
    const { lacks } = learn(refusing('ldx dw'));
    expect([...lacks.keys()].filter((name) => /^(?:add|div|jeq|jset) /.test(name))).toEqual([]);
    expect(lacks.get('ldx dw')).toBe('ldx dw');
  });

  it('finds structures', () => {
    const noLoops: Refusal = ({ insns }) =>
      insns.some((insn) => insn?.kind === 'jcc' && insn.off < 0) ? 'a loop' : undefined;
    expect([...learn(noLoops).lacks]).toEqual([['jump back', 'a loop']]);
  });

  it('says of a JIT that refuses everything that it does', () => {
    expect(learnProfile(() => 'out of order')).toEqual({ kind: 'refuses all', why: 'out of order' });
  });

  it('asks with programs that the reference runs to their end', () => {
    const asked: Program[] = [];
    learnProfile((program) => {
      asked.push(program);
      return undefined;
    });
    expect(asked).toHaveLength(1 + OPCODE_FORMS.length + STRUCTURES.length);
    for (const program of asked) {
      const { outcome } = interpret(program, envOf({ memory: new Uint8Array(16).fill(3) }));
      expect({ kind: outcome.kind, program }).toMatchObject({ kind: 'exit' });
    }
  });
});
