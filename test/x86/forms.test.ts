import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { form, type Shape } from '../../src/x86/form.ts';
import { ALL_FORMS, NOPS } from '../../src/x86/forms.ts';
import { gprName } from '../../src/x86/reg.ts';
import { assembleCells, cellOf, gasMissing } from '../kit/gas.ts';
import { ALL_CASES, type Case, gasText, NOT_FROM_GAS, type Operand } from './cases.ts';

const iced = createRequire(import.meta.url)('iced-x86') as typeof import('iced-x86');

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What iced calls a form, where it is not our name. */
const ICED_NAMES: Readonly<Record<string, string>> = { leave: 'leaveq', ret: 'retnq' };

/** iced's name in our words: no VEX_ in front, no operand size of the branch behind. */
function nameFromIced(code: number): string {
  return (iced.Code[code] ?? '')
    .toLowerCase()
    .replace(/^vex_/, '')
    .replace(/^(j\w+|call)_(rel\d+)_64$/, '$1_$2');
}

type Decoded = InstanceType<typeof iced.Instruction>;

/** `spl`, `r8b`, `r9d`, …: iced writes R8L for the byte. */
const registerName = (register: number): string =>
  (iced.Register[register] ?? '?').toLowerCase().replace(/^(r\d+)l$/, '$1b');

/** An operand as the decoder sees it. `bits`: width an immediate is compared at. */
function got(insn: Decoded, i: number, bits: number): string {
  const kind = insn.opKind(i);
  if (kind === iced.OpKind.Register) return registerName(insn.opRegister(i));
  if (kind === iced.OpKind.NearBranch64) {
    return `+${BigInt.asIntN(64, insn.nearBranchTarget) - BigInt(insn.length)}`;
  }
  if (kind !== iced.OpKind.Memory) return `#${BigInt.asIntN(bits, insn.immediate(i))}`;
  const index = insn.memoryIndex === iced.Register.None ? '' : ` + ${registerName(insn.memoryIndex)}`;
  return `[${registerName(insn.memoryBase)}${index} + ${BigInt.asIntN(64, insn.memoryDisplacement)}]`;
}

function want(operand: Operand): string {
  switch (operand.kind) {
    case 'reg':
      return gprName(operand.reg, operand.bits);
    case 'mem':
      return `[${gprName(operand.base)} + ${operand.disp}]`;
    case 'imm':
      return `#${BigInt.asIntN(operand.bits, operand.value)}`;
    case 'rel':
      return `+${operand.distance}`;
  }
}

/** What the decoder reads otherwise than it was meant: empty if nothing. */
function misread({ form, operands, bytes }: Case): string[] {
  const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
  const insn = decoder.decode();
  const wanted = [ICED_NAMES[form.name] ?? form.name, bytes.length, form.lock, ...operands.map(want)];
  const read = [
    nameFromIced(insn.code),
    insn.length,
    insn.hasLockPrefix,
    ...operands.map((operand, i) => got(insn, i, operand.kind === 'imm' ? operand.bits : 64)),
  ];
  const count = insn.opCount;
  insn.free();
  decoder.free();
  const same = wanted.join() === read.join() && (count === operands.length || form.name === 'ret');
  return same ? [] : [`${hex(bytes)}: want ${wanted.join()}, got ${read.join()}`];
}

describe('ALL_FORMS', () => {
  it('has each form once', () => {
    const keys = ALL_FORMS.map(({ name, notation }) => `${name} = ${notation}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(ALL_FORMS.length).toBeGreaterThan(130);
  });

  it.each(ALL_FORMS.map((each) => [each.notation, each.name, each] as const))(
    '%s is read back as %s',
    (_notation, _name, each) => {
      const cases = ALL_CASES.filter((c) => c.form === each);
      expect(cases.length).toBeGreaterThan(0);
      expect(cases.flatMap(misread).slice(0, 5)).toEqual([]);
    },
  );

  const missing = gasMissing();
  it.skipIf(missing !== undefined)(`has the bytes GNU as makes ${missing ?? ''}`, () => {
    const asked = ALL_CASES.filter((c) => !NOT_FROM_GAS.some(({ covers }) => covers(c)));
    const cells = assembleCells(asked.map(gasText));
    const wrong = asked.flatMap((c, i) => {
      const [theirs, ours] = [hex(cells[i] as Uint8Array), hex(cellOf(c.bytes))];
      return theirs === ours ? [] : [`${gasText(c)}: as ${theirs}, ours ${ours}`];
    });
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(asked.length).toBeGreaterThan(40_000);
    const unasked = new Set(ALL_FORMS.map((f) => f.name));
    for (const { form: f } of asked) unasked.delete(f.name);
    expect([...unasked]).toEqual([]);
  });

  it.each(NOT_FROM_GAS)('leaves to the disassembler: $why', ({ covers }) => {
    expect(ALL_CASES.some(covers)).toBe(true);
  });
});

describe('NOPS', () => {
  it.each(NOPS.map((bytes, size) => [size, bytes] as const).slice(1))(
    'of %i bytes is one nop',
    (size, bytes) => {
      const decoder = new iced.Decoder(64, Uint8Array.from(bytes), iced.DecoderOptions.None);
      const insn = decoder.decode();
      expect([iced.Mnemonic[insn.mnemonic], insn.length, bytes.length]).toEqual(['Nop', size, size]);
    },
  );
});

describe('form', () => {
  // biome-ignore format: a row per line
  it.each<readonly [why: string, shape: Shape, name: string, notation: string]>([
    ['an unknown word',                    'mr',   'mov_rm64_r64',        'REX.W + 8z /r'],
    ['lower-case hex',                     'none', 'leave',               'c9'],
    ['no opcode',                          'none', 'nothing',             'REX.W'],
    ['a register without ModRM',           'mr',   'mov_rm64_r64',        'REX.W + 89'],
    ['ModRM without a register',           'none', 'leave',               'C9 /r'],
    ['a digit out of range',               'm',    'neg_rm64',            'REX.W + F7 /8'],
    ['/r where an extension is due',       'm',    'neg_rm64',            'REX.W + F7 /r'],
    ['an extension where /r is due',       'mr',   'mov_rm64_r64',        'REX.W + 89 /3'],
    ['an immediate that is not taken',     'mr',   'imul_r64_rm64',       'REX.W + 6B /r ib'],
    ['no immediate',                       'mi',   'add_rm64_imm8',       'REX.W + 83 /0'],
    ['an immediate of another size',       'mi',   'add_rm64_imm32',      'REX.W + 83 /0 ib'],
    ['no displacement',                    'rel',  'jmp_rel8',            'EB'],
    ['a displacement of another size',     'rel',  'jmp_rel32',           'EB cb'],
    ['no +r',                              'o',    'push_r64',            '50'],
    ['+r without a register',              'none', 'leave',               'C9+r'],
    ['VEX where there is none',            'mr',   'shlx_r32_rm32',       'VEX.66.0F38.W0 F7 /r'],
    ['no VEX where there is one',          'vex',  'shlx_r32_rm32_r32',   'F7 /r'],
    ['an unknown VEX map',                 'vex',  'shlx_r32_rm32_r32',   'VEX.66.0F3A.W0 F7 /r'],
    ['an unknown VEX prefix',              'vex',  'shlx_r32_rm32_r32',   'VEX.67.0F38.W0 F7 /r'],
    ['more than four bytes up to ModRM',   'mr',   'movbe_rm64_r64',      'F0 REX.W + 0F 38 F1 /r'],
    ['no VEX.W',                           'vex',  'shlx_r32_rm32_r32',   'VEX.66.0F38 F7 /r'],
  ])('refuses %s', (_why, shape, name, notation) => {
    expect(() => form(shape, name, notation)).toThrow(/form |cannot read/);
  });
});
