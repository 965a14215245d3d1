/**
 * Programs that call kfuncs with structs and __int128 by value: each word goes where BPF has words, and the JIT brings
 * them to where C wants them.
 */
import * as fc from 'fast-check';
import { MAX_ARGS, MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import { aluImm, aluReg, call, EXIT_INSN, lddw, movImm, movReg, storeReg } from '../../bpf/make-insn.ts';
import { parseNativeType } from '../../bpf/native-type.ts';
import { buildProgram, type Callee, type Program } from '../../bpf/program.ts';
import type { Input } from '../../core/env.ts';
import { type NativeType, type Signature, wordsIn } from '../../core/native.ts';
import { word } from '../word.ts';

/** One call of a kfunc of its own; arguments that no longer fit into twelve words are left out. */
export interface AggregateCall {
  readonly signature: Signature;
  readonly words: readonly bigint[];
}

export interface AggregateProgram {
  readonly spec: readonly AggregateCall[];
  readonly program: Program;
  readonly input: Input;
}

const [R0, R1, R2, R6, ARGS] = [0, 1, 2, 6, 11];
const WORD = 8;
const FACTOR = 31;

/** Lowers any spec. */
export function lowerAggregates(spec: readonly AggregateCall[]): AggregateProgram {
  const callees = spec.map(({ signature }, k) => calleeOf(signature, k + 1));
  const code: Insn[] = [movImm(R6, 0)];
  spec.forEach(({ words }, k) => {
    const { args = 0, signature } = callees[k] as Callee;
    code.push(...passing(words.slice(0, args)), call('kfunc', k + 1));
    code.push(aluImm('mul', R6, FACTOR), aluReg('add', R6, R0));
    const { result } = signature ?? {};
    if (result !== undefined && wordsIn(result) > 1)
      code.push(aluImm('mul', R6, FACTOR), aluReg('add', R6, R2));
  });
  code.push(movReg(R0, R6), EXIT_INSN);
  const insns = code.flatMap((insn): (Insn | undefined)[] =>
    insn.kind === 'lddw' ? [insn, undefined] : [insn],
  );
  const program = buildProgram(insns, { name: 'aggregates', callees });
  return { spec, program, input: { memory: new Uint8Array() } };
}

function calleeOf({ args, result }: Signature, id: number): Callee {
  let left = MAX_ARGS;
  const fitting = args.filter((type) => {
    const fits = wordsIn(type) <= left;
    if (fits) left -= wordsIn(type);
    return fits;
  });
  const signature = { args: fitting, ...(result === undefined ? {} : { result }) };
  return { kind: 'kfunc', id, name: `kfunc_${id}`, args: MAX_ARGS - left, signature };
}

/** The stack first: it needs a register. */
const passing = (words: readonly bigint[]): Insn[] => [
  ...words
    .slice(MAX_REG_ARGS)
    .flatMap((value, k): Insn[] => [lddw(R0, value), storeReg(ARGS, -WORD * (k + 1), R0)]),
  ...words.slice(0, MAX_REG_ARGS).map((value, k) => lddw(R1 + k, value)),
];

const typesOf = (names: readonly string[]): NativeType[] =>
  names.map((text) => parseNativeType(text) as NativeType);
const TYPES = typesOf(['u64', 'u64', 'u64', 's32', 'struct16', 'struct12', 'u128']);
const RESULTS = typesOf(['u64', 'struct16', 'u128']);

/** Programs with one to three calls. Shrinks towards a call without arguments. */
export function aggregateProgram(): fc.Arbitrary<AggregateProgram> {
  const call: fc.Arbitrary<AggregateCall> = fc.record({
    signature: fc
      .record({
        args: fc.array(fc.constantFrom(...TYPES), { maxLength: MAX_ARGS, size: 'max' }),
        result: fc.option(fc.constantFrom(...RESULTS), { nil: undefined }),
      })
      .map(({ args, result }) => ({ args, ...(result === undefined ? {} : { result }) })),
    words: fc.array(word(), { minLength: MAX_ARGS, maxLength: MAX_ARGS }),
  });
  return fc.array(call, { minLength: 1, maxLength: 3, size: 'max' }).map(lowerAggregates);
}
