/**
 * The calls of the built-in table, each as BPF and as C: main passes one word, or constants, in all arguments but
 * the first; the callee stores each argument to memory. Both sides do the same work, so that what differs between
 * numbers of arguments is what passing them costs.
 */
import { assemble } from '../bpf/asm.ts';
import { MAX_REG_ARGS } from '../bpf/calling.ts';
import { buildProgram, type Program } from '../bpf/program.ts';

/** Who is called. */
export const CALLEE_KINDS = ['bpf', 'kfunc'] as const;
export type CalleeKind = (typeof CALLEE_KINDS)[number];

/** What is passed: a word in a register, or constants. */
export const VALUES = ['reg', 'imm'] as const;
export type Value = (typeof VALUES)[number];

/** One call. `stackArgs`: 0..7, beside the five arguments in registers. */
export interface CallForm {
  readonly callee: CalleeKind;
  readonly value: Value;
  readonly stackArgs: number;
}

/** Bytes of context the calls work on: a word for each argument. */
export const CONTEXT_BYTES = 96;

const WORD = 8;
const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

/** Assembler text, in the form of `linux`. */
export function bpfSource({ callee, value, stackArgs }: CallForm): string {
  const registers = range(2, MAX_REG_ARGS);
  const first = value === 'reg' ? ['r2 = *(u64 *)(r1 + 0)'] : [];
  const set =
    value === 'reg' ? registers.slice(1).map((n) => `r${n} = r2`) : registers.map((n) => `r${n} = ${n}`);
  const pass = range(1, stackArgs).map(
    (k) => `*(u64 *)(r11 - ${WORD * k}) = ${value === 'reg' ? 'r2' : MAX_REG_ARGS + k}`,
  );
  const main = ['main:', ...first, ...set, ...pass, 'call callee', 'r0 = 0', 'exit'];
  if (callee === 'kfunc') return `${main.join('\n')}\n`;
  const keep = registers.map((n) => `*(u64 *)(r1 + ${WORD * (n - 1)}) = r${n}`);
  const take = range(1, stackArgs).flatMap((k) => [
    `r0 = *(u64 *)(r11 + ${WORD * k})`,
    `*(u64 *)(r1 + ${WORD * (MAX_REG_ARGS + k - 1)}) = r0`,
  ]);
  return `${[...main, 'callee:', ...keep, ...take, 'r0 = 0', 'exit'].join('\n')}\n`;
}

export function bpfProgram(form: CallForm): Program {
  const args = MAX_REG_ARGS + form.stackArgs;
  const { insns, functionNames } = assemble(bpfSource(form));
  return buildProgram(insns, {
    name: `${form.callee} callee, ${args} arguments`,
    functionNames,
    functionArgs: new Map(
      [...functionNames.keys()].filter((start) => start > 0).map((start) => [start, args]),
    ),
    callees: [{ kind: 'kfunc', id: 1, name: 'callee', args }],
  });
}

/** The same in C. */
export function nativeSource({ value, stackArgs }: Omit<CallForm, 'callee'>): string {
  const positions = range(2, MAX_REG_ARGS + stackArgs);
  const params = positions.map((n) => `, u64 a${n}`).join('');
  const stores = positions.map((n) => ` out[${n - 1}] = a${n};`).join('');
  const passed = positions.map((n) => (value === 'reg' ? ', x' : `, ${n}`)).join('');
  const word = value === 'reg' ? ' u64 x = p[0];' : '';
  return `typedef unsigned long u64;
__attribute__((noipa)) u64 callee(u64 *out${params}) {${stores} return 0; }
u64 caller(u64 *p) {${word} callee(p${passed}); return 0; }
`;
}
