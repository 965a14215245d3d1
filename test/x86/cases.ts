/**
 * Every form with every register in every place, displacements and immediates at their edges: the bytes our
 * assembler makes, and the operands they must mean.
 */
import { Assembler } from '../../src/x86/assembler.ts';
import type { Form, Shape } from '../../src/x86/form.ts';
import { ALL_FORMS, CDQ, CQO, XCHG } from '../../src/x86/forms.ts';
import { type Gpr, gprName, RAX, RCX } from '../../src/x86/reg.ts';

export type Operand =
  | { readonly kind: 'reg'; readonly reg: Gpr; readonly bits: 8 | 16 | 32 | 64 }
  | { readonly kind: 'mem'; readonly base: Gpr; readonly disp: number; readonly bits: number }
  | { readonly kind: 'imm'; readonly value: bigint; readonly bits: number }
  | { readonly kind: 'rel'; readonly distance: number };

export interface Case {
  readonly form: Form;
  /** In Intel order. */
  readonly operands: readonly Operand[];
  readonly bytes: Uint8Array;
}

const GPRS: readonly Gpr[] = Array.from({ length: 16 }, (_, i) => i);
const MIN32 = -(2 ** 31);
const MAX32 = 2 ** 31 - 1;
const DISPS = [0, 1, -1, 127, -128, 128, -129, 32767, -32768, MAX32, MIN32] as const;
const IMMS: Readonly<Record<number, readonly number[]>> = {
  1: [0, 1, -1, 5, 127, -128],
  2: [0, 1, -1, 127, 128, -129, 32767, -32768],
  4: [0, 1, -1, 127, -128, 128, -129, 255, MAX32, MIN32],
};
const IMM64 = [
  0n,
  1n,
  -1n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x0123_4567_89ab_cdefn,
  -(2n ** 63n),
  2n ** 63n - 1n,
];

/** `rm64`, `r8`, `imm32`, `cl`, … as they stand in a form's name. */
export const operandNames = (form: Form): string[] => form.name.split('_').slice(1);

const widthOf = (name: string): 8 | 16 | 32 | 64 => Number(/\d+$/.exec(name)?.[0] ?? 64) as 8 | 16 | 32 | 64;

/** Which operands are there; `read` names the operands of the form from its name. */
interface Parts {
  readonly rm?: Gpr | { readonly base: Gpr; readonly disp: number };
  readonly reg?: Gpr;
  readonly count?: Gpr;
  readonly imm?: number | bigint;
}

function operandsOf(form: Form, parts: Parts): Operand[] {
  let registers = 0;
  return operandNames(form).map((name): Operand => {
    const bits = widthOf(name);
    if (name.startsWith('rm') || name === 'm') {
      if (typeof parts.rm === 'number') return { kind: 'reg', reg: parts.rm, bits };
      return { kind: 'mem', base: parts.rm?.base ?? 0, disp: parts.rm?.disp ?? 0, bits };
    }
    if (name === 'eax' || name === 'rax') return { kind: 'reg', reg: RAX, bits: name === 'eax' ? 32 : 64 };
    if (name === 'cl') return { kind: 'reg', reg: RCX, bits: 8 };
    if (name === '1') return { kind: 'imm', value: 1n, bits: 8 };
    if (name.startsWith('rel')) return { kind: 'rel', distance: Number(parts.imm) };
    if (name.startsWith('imm')) return { kind: 'imm', value: BigInt(parts.imm ?? 0), bits };
    registers++;
    return { kind: 'reg', reg: (registers === 2 ? parts.count : parts.reg) ?? 0, bits };
  });
}

const asm = new Assembler();

function made(form: Form, parts: Parts, emit: () => void): Case {
  asm.reset();
  emit();
  return { form, operands: operandsOf(form, parts), bytes: asm.bytes().slice() };
}

/** Edges of the immediate, told apart by its size. */
const immsOf = (form: Form): readonly number[] => IMMS[form.immBytes] ?? [];

const eachPair = <T>(f: (a: Gpr, b: Gpr) => T): T[] => GPRS.flatMap((a) => GPRS.map((b) => f(a, b)));
const eachMemory = <T>(f: (base: Gpr, disp: number, i: number) => T): T[] =>
  GPRS.flatMap((base) => DISPS.map((disp, k) => f(base, disp, base * DISPS.length + k)));

/** lock and lea are for memory only; a push of a register has a shorter form. */
const isMemoryOnly = (form: Form): boolean =>
  form.lock || form.name === 'push_rm64' || form.name === 'lea_r64_m';

type Emit<S extends Shape> = (form: Form<S>) => Case[];

const EMIT: { readonly [S in Shape]: Emit<S> } = {
  none: (form) => [made(form, {}, () => asm.none(form))],
  o: (form) => GPRS.map((reg) => made(form, { reg }, () => asm.o(form, reg))),
  oi: (form) => {
    const imms: readonly (number | bigint)[] = form.immBytes === 8 ? IMM64 : immsOf(form);
    return GPRS.flatMap((reg) => imms.map((imm) => made(form, { reg, imm }, () => asm.oi(form, reg, imm))));
  },
  i: (form) => immsOf(form).map((imm) => made(form, { imm }, () => asm.i(form, imm))),
  rel: (form) => immsOf(form).map((imm) => made(form, { imm }, () => asm.rel(form, imm))),
  m: (form) => [
    ...(isMemoryOnly(form) ? [] : GPRS.map((rm) => made(form, { rm }, () => asm.m(form, rm)))),
    ...eachMemory((base, disp) => made(form, { rm: { base, disp } }, () => asm.memOne(form, base, disp))),
  ],
  mi: (form) => {
    const imms = immsOf(form);
    return [
      ...GPRS.flatMap((rm) => imms.map((imm) => made(form, { rm, imm }, () => asm.mi(form, rm, imm)))),
      ...eachMemory((base, disp, i) => {
        const imm = imms[i % imms.length] as number;
        return made(form, { rm: { base, disp }, imm }, () => asm.memImm(form, base, disp, imm));
      }),
    ];
  },
  mr: (form) => [
    ...(isMemoryOnly(form)
      ? []
      : eachPair((rm, reg) => made(form, { rm, reg }, () => asm.mr(form, rm, reg)))),
    ...eachPair((base, reg) => made(form, { rm: { base, disp: 8 }, reg }, () => asm.mem(form, base, 8, reg))),
    ...eachMemory((base, disp, i) =>
      made(form, { rm: { base, disp }, reg: i % 16 }, () => asm.mem(form, base, disp, i % 16)),
    ),
  ],
  mri: (form) =>
    eachPair((rm, reg) =>
      immsOf(form).map((imm) => made(form, { rm, reg, imm }, () => asm.mri(form, rm, reg, imm))),
    ).flat(),
  vex: (form) =>
    eachPair((reg, rm) =>
      [0, 1, 7, 8, 15].map((count) => made(form, { reg, rm, count }, () => asm.vex(form, reg, rm, count))),
    ).flat(),
};

export const casesOf = <S extends Shape>(form: Form<S>): Case[] => EMIT[form.shape as S](form);

export const ALL_CASES: readonly Case[] = ALL_FORMS.flatMap((form) => casesOf(form));

const POINTER: Readonly<Record<number, string>> = { 8: 'byte', 16: 'word', 32: 'dword', 64: 'qword' };

/** The case as GNU as reads it, with the pseudo-prefixes that make it pick this form. */
export function gasText({ form, operands, bytes }: Case): string {
  const mnemonic = form.name.split('_')[0] ?? '';
  const memory = operands.find((each) => each.kind === 'mem');
  const words: string[] = [];
  if (form.lock) words.push('lock');
  if (memory !== undefined) words.push(memory.disp >= -128 && memory.disp <= 127 ? '{disp8}' : '{disp32}');
  const names = operandNames(form);
  if (form.shape === 'mr' && memory === undefined)
    words.push(names[1]?.startsWith('rm') ? '{load}' : '{store}');
  if (/^REX /.test(form.notation)) words.push('{rex}');
  if (form.shape === 'rel') words.push(form.immBytes === 1 ? '{disp8}' : '{disp32}');
  if (form === CDQ || form === CQO || names.length === 0) return [...words, mnemonic].join(' ');
  const name = form.immBytes === 8 ? 'movabs' : mnemonic;
  return `${words.join(' ')} ${name} ${operands.map((each) => gasOperand(each, bytes.length)).join(', ')}`;
}

function gasOperand(operand: Operand, length: number): string {
  switch (operand.kind) {
    case 'reg':
      return gprName(operand.reg, operand.bits);
    case 'mem':
      return `${POINTER[operand.bits]} ptr [${gprName(operand.base)} + ${operand.disp}]`;
    case 'imm':
      return `${operand.value}`;
    case 'rel':
      return `. + ${length} + ${operand.distance}`;
  }
}

/** Why GNU as cannot be made to pick this form for these operands, by rule; the disassembler is witness alone. */
export const NOT_FROM_GAS: readonly { readonly why: string; readonly covers: (c: Case) => boolean }[] = [
  {
    why: 'it shortens imm32 to imm8 where that fits, and has no prefix against it',
    covers: ({ form, operands }) =>
      (form.shape === 'mi' || form.shape === 'mri' || form.shape === 'i') &&
      form.immBytes === 4 &&
      !/^(mov|test)_/.test(form.name) &&
      operands.some((o) => o.kind === 'imm' && o.value >= -128n && o.value <= 127n),
  },
  {
    why: 'it takes the form with rax or eax in the opcode where that is shorter',
    covers: ({ form, operands }) =>
      form.shape === 'mi' &&
      form.immBytes === 4 &&
      !form.name.startsWith('mov_') &&
      operands[0]?.kind === 'reg' &&
      operands[0].reg === RAX,
  },
  {
    why: 'it takes D1 for a shift by one',
    covers: ({ form, operands }) =>
      /^(shl|shr|sar|ror|rol)_rm\d+_imm8$/.test(form.name) &&
      operands[1]?.kind === 'imm' &&
      operands[1].value === 1n,
  },
  {
    why: 'for a register it moves an immediate of up to 32 bits with B0+r and B8+r',
    covers: ({ form, operands }) => /^mov_rm(8|16|32)_imm/.test(form.name) && operands[0]?.kind === 'reg',
  },
  {
    why: 'it exchanges with eax or rax by 90+r, and takes the other order of two registers for one',
    covers: ({ form, operands }) =>
      (form === XCHG.rm32_r32 || form === XCHG.rm64_r64) && operands.every((o) => o.kind === 'reg'),
  },
];
