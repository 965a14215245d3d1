/** Programs made for JITs that do not take everything: only what they take is in them, and they are as valid. */
import { describe, expect, it } from 'vitest';
import { conform } from '../../src/arb/conform.ts';
import { lower } from '../../src/arb/lower.ts';
import { ANY, type Profile, STRUCTURES } from '../../src/arb/profile.ts';
import { shrinkProgram } from '../../src/arb/shrink.ts';
import type { ProgramSpec } from '../../src/arb/spec.ts';
import { formOf, OPCODE_FORMS } from '../../src/bpf/opcode-forms.ts';
import type { Program } from '../../src/bpf/program.ts';
import { R10 } from '../../src/bpf/reg.ts';
import { caseAt, drawSpec } from '../../src/fuzz/generate.ts';
import { validMix } from '../../src/fuzz/lanes.ts';
import { generatorFingerprint } from '../../src/fuzz/mix.ts';
import { checkProgram } from './valid.ts';

/** What lowering builds everything with. */
const BASICS = new Set([
  ...['lddw', 'mov 64 K', 'mov 64 X', 'add 64 K', 'add 64 X', 'mul 64 K', 'exit', 'ja 16'],
  ...[
    'st dw',
    'st w',
    'st h',
    'st b',
    'stx dw',
    'stx w',
    'stx h',
    'stx b',
    'ldx dw',
    'ldx w',
    'ldx h',
    'ldx b',
  ],
  ...['jeq 64 K', 'jne 64 K', 'jle 64 K', 'call helper'],
]);

/** Lacks every nth of what can be lacked. */
function everyNth(step: number, first: number): Profile {
  const names = [...OPCODE_FORMS, ...STRUCTURES].map(({ name }) => name).filter((name) => !BASICS.has(name));
  const lacking = names.filter((_, i) => i % step === first);
  return { lacks: new Map(lacking.map((name) => [name, 'no such thing'])) };
}

const PROFILES: readonly (readonly [string, Profile])[] = [
  ['all but the basics', everyNth(1, 0)],
  ['half', everyNth(2, 0)],
  ['the other half', everyNth(2, 1)],
  ['two thirds', everyNth(3, 2)],
  ['one structure', { lacks: new Map([['stack word in parts', '']]) }],
];

/** What a program has that the profile lacks. */
function lackingIn({ insns, subprogs }: Program, { lacks }: Profile): string[] {
  const found: string[] = [];
  insns.forEach((insn, pc) => {
    if (insn === undefined) return;
    const name = formOf(insn)?.name ?? insn.kind;
    if (lacks.has(name)) found.push(`${pc}: ${name}`);
    const jumps = insn.kind === 'ja' || insn.kind === 'jcc';
    if (jumps && insn.off < 0 && lacks.has('jump back')) found.push(`${pc}: jump back`);
    if ('dst' in insn && insn.dst === 11 && lacks.has('stack arguments')) found.push(`${pc}: stack argument`);
    if (insn.kind === 'jcc' && insn.dst === R10 && lacks.has('r10 as a value')) found.push(`${pc}: r10`);
  });
  if (lacks.has('r2 at entry') && (subprogs[0]?.args ?? 0) > 1) found.push('r2 at entry');
  return found;
}

describe.each(PROFILES)('programs for a JIT that lacks %s', (_, profile) => {
  it('have nothing of it, are valid, and end', () => {
    for (let index = 0; index < 150; index++) {
      const generated = caseAt(9, { index, choices: [] }, profile);
      expect(lackingIn(generated.program, profile)).toEqual([]);
      checkProgram(generated);
    }
  });

  it('shrink to such', () => {
    let spec: ProgramSpec | undefined = drawSpec(9, 3, profile);
    for (let step = 0; step < 40 && spec !== undefined; step++) {
      const next: ProgramSpec | undefined = [...shrinkProgram(spec)][step % 7];
      if (next !== undefined) {
        const generated = lower(next, profile);
        expect(lackingIn(generated.program, profile)).toEqual([]);
        checkProgram(generated);
      }
      spec = next;
    }
  });

  it('conform once and for all', () => {
    for (let index = 0; index < 50; index++) {
      const once = conform(drawSpec(4, index), profile);
      expect(conform(once, profile)).toEqual(once);
    }
  });
});

describe('a profile', () => {
  it('that lacks nothing changes nothing', () => {
    const spec = drawSpec(1, 1);
    expect(conform(spec, ANY)).toBe(spec);
    expect(generatorFingerprint(validMix({ lacks: new Map() }))).toBe(generatorFingerprint());
  });

  it('names its generator', () => {
    const prints = PROFILES.map(([, profile]) => generatorFingerprint(validMix(profile)));
    expect(new Set([...prints, generatorFingerprint()]).size).toBe(PROFILES.length + 1);
  });

  it('without subprogs makes main larger', () => {
    const lone: Profile = { lacks: new Map([['call local', '']]) };
    const slots = Array.from({ length: 100 }, (_, index) => caseAt(2, { index, choices: [] }, lone));
    expect(slots.every(({ program }) => program.subprogs.length === 1)).toBe(true);
    expect(slots.reduce((sum, { program }) => sum + program.insns.length, 0) / 100).toBeGreaterThan(40);
  });

  it('with whole stack words has no load wider than the store before it', () => {
    const words: Profile = { lacks: new Map([['stack word in parts', '']]) };
    for (let index = 0; index < 300; index++) {
      const { program } = caseAt(3, { index, choices: [] }, words);
      if (program.subprogs.length > 1 || program.insns.some((i) => i?.kind === 'jcc' || i?.kind === 'ja'))
        continue;
      const widths = new Map<number, number>();
      for (const insn of program.insns) {
        if (insn?.kind === 'st' || insn?.kind === 'stx') {
          if (insn.dst === R10) widths.set((-insn.off - 1) >> 3, insn.size);
        } else if (insn?.kind === 'ldx' && insn.src === R10) {
          expect(insn.size).toBeLessThanOrEqual(widths.get((-insn.off - 1) >> 3) ?? 0);
        }
      }
    }
  });
});
