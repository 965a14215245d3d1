/**
 * Programs that native code calls through a trampoline, with its prototype and the words it passes. The program weighs
 * what it reads by position; it may hand all of it to a function as arguments.
 */
import * as fc from 'fast-check';
import { MAX_ARGS, MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import { aluImm, aluReg, call, EXIT_INSN, load, movReg, storeReg } from '../../bpf/make-insn.ts';
import { parseNativeType } from '../../bpf/native-type.ts';
import { buildProgram, type Program } from '../../bpf/program.ts';
import type { Input } from '../../core/env.ts';
import type { Mutable } from '../../core/mutable.ts';
import { ATTACH_KINDS, type NativeProto, type NativeType, wordsIn } from '../../core/native.ts';
import { word } from '../word.ts';

/** Any value lowers: arguments that no longer fit are left out. */
export interface TrampolineSpec {
  readonly proto: NativeProto;
  /** What is passed, word by word. */
  readonly words: readonly bigint[];
  /** Of the first words that are read into r6..r9, instead of where they are needed. */
  readonly kept: number;
  /** Whether a function gets the words as arguments. */
  readonly passes: boolean;
}

export interface TrampolineProgram {
  readonly spec: TrampolineSpec;
  readonly program: Program;
  readonly input: Input;
}

const [R0, R1, R2, R6, R9, FP, ARGS] = [0, 1, 2, 6, 9, 10, 11];
const WORD = 8;
const FACTOR = 31;

/** Lowers any spec. */
export function lowerTrampoline(spec: TrampolineSpec): TrampolineProgram {
  const args = fitting(spec.proto.args);
  const count = args.reduce((sum, type) => sum + wordsIn(type), 0);
  const main = mainCode(spec, count);
  const isPassing = spec.passes && count > 0;
  const callee = isPassing ? weighing(count) : [];
  const insns = main.map((insn, slot): Insn => {
    return insn.kind === 'call' ? call('local', main.length - slot - 1) : insn;
  });
  const program: Mutable<Program> = buildProgram([...insns, ...callee], {
    name: 'trampoline',
    functionNames: new Map([[0, 'main'], ...(isPassing ? [[main.length, 'weigh'] as const] : [])]),
    functionArgs: new Map(isPassing ? [[main.length, count]] : []),
  });
  const memory = new Uint8Array(new BigUint64Array(spec.words.slice(0, count)).buffer);
  const { attach, result } = spec.proto;
  program.native = result === undefined ? { attach, args } : { attach, args, result };
  return { spec, program, input: { memory } };
}

/** As many as a trampoline takes. */
function fitting(args: readonly NativeType[]): NativeType[] {
  let left = MAX_ARGS;
  return args.filter((type) => {
    const fits = wordsIn(type) <= left;
    if (fits) left -= wordsIn(type);
    return fits;
  });
}

/** r9 keeps the array; what was passed is mixed into r0, or passed on. */
function mainCode({ kept, passes }: TrampolineSpec, count: number): Insn[] {
  const code: Insn[] = [movReg(R9, R1)];
  const early = Math.min(kept, count, R9 - R6);
  for (let k = 0; k < early; k++) code.push(load(R6 + k, R9, WORD * k));
  if (passes && count > 0) {
    for (let k = MAX_REG_ARGS; k < count; k++)
      code.push(load(R0, R9, WORD * k), storeReg(ARGS, -WORD * (k - MAX_REG_ARGS + 1), R0));
    for (let k = 0; k < Math.min(count, MAX_REG_ARGS); k++) code.push(load(R1 + k, R9, WORD * k));
    code.push(call('local', 0));
  } else {
    // The number of words lies before them.
    code.push(load(R0, R9, -WORD), storeReg(FP, -WORD, R0));
    for (let k = early; k < count; k++) code.push(load(R2, R9, WORD * k), ...mixed(R2));
  }
  for (let k = 0; k < early; k++) code.push(...mixed(R6 + k));
  return [...code, EXIT_INSN];
}

/** A function that weighs its arguments by position. */
function weighing(count: number): Insn[] {
  const code: Insn[] = [movReg(R0, R1)];
  // Incoming stack arguments come before anything else; a register at a time is free for them.
  const stack = Array.from({ length: Math.max(0, count - MAX_REG_ARGS) }, (_, k) => k + 1);
  for (const k of stack) code.push(load(R6, ARGS, WORD * k), ...mixed(R6));
  for (let reg = R2; reg <= Math.min(count, MAX_REG_ARGS); reg++) code.push(...mixed(reg));
  return [...code, EXIT_INSN];
}

const mixed = (reg: number): Insn[] => [aluImm('mul', R0, FACTOR), aluReg('add', R0, reg)];

const TYPES = ['u64', 'u8', 's16', 's32', 'u32', 'ptr', 'struct4', 'struct12', 'struct16', 'u128'].map(
  (text) => parseNativeType(text) as NativeType,
);
const RESULTS = ['u64', 's32', 'struct16', 'u128'].map((text) => parseNativeType(text) as NativeType);

const proto: fc.Arbitrary<NativeProto> = fc
  .record({
    attach: fc.constantFrom(...ATTACH_KINDS),
    args: fc.array(fc.constantFrom(...TYPES), { maxLength: MAX_ARGS, size: 'max' }),
    result: fc.option(fc.constantFrom(...RESULTS), { nil: undefined }),
  })
  .map(({ attach, args, result }) => {
    // A program returns one word.
    const returned = attach === 'struct_ops' && result !== undefined ? RESULTS[0] : result;
    return { attach, args, ...(returned === undefined ? {} : { result: returned }) };
  });

/** Programs behind trampolines. Shrinks towards one that is traced and gets nothing. */
export function trampolineProgram(): fc.Arbitrary<TrampolineProgram> {
  const spec: fc.Arbitrary<TrampolineSpec> = fc.record({
    proto,
    words: fc.array(word(), { minLength: MAX_ARGS, maxLength: MAX_ARGS }),
    kept: fc.nat(R9 - R6),
    passes: fc.boolean(),
  });
  return spec.map(lowerTrampoline);
}
