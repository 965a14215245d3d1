/** For tests of the linter: programs as text, findings as lines. */

import type { ValueArg } from '../../src/bpf/declared.ts';
import { load } from '../../src/bpf/load.ts';
import type { Program } from '../../src/bpf/program.ts';
import type { Finding } from '../../src/lint/finding.ts';
import { lint } from '../../src/lint/lint.ts';
import type { LintOptions } from '../../src/lint/options.ts';
import { findingMessage } from '../../src/report/lint-words.ts';

/** Assembles; what no machine could run is left for the linter. */
export const programOf = (text: string, protos: Readonly<Record<string, number>> = {}): Program =>
  load(new TextEncoder().encode(text), {
    fileName: 'test.s',
    shape: 'as-is',
    protos: new Map(Object.entries(protos)),
  }).program;

export const findingsIn = (text: string, options: LintOptions = {}): readonly Finding[] =>
  lint(programOf(text), options).findings;

/** `4: callee expects 7 args, stack arg1 is not initialized` */
export const linesOf = (findings: readonly Finding[]): string[] =>
  findings.map((finding) => `${finding.pc}: ${findingMessage(finding)}`);

/** Calls a function with arguments 1..count, each its own number. */
export function passing(count: number, callee: string): string {
  const regs = Array.from({ length: 5 }, (_, k) => `r${k + 1} = ${k + 1}`);
  const slots = Array.from({ length: count - 5 }, (_, k) => `*(u64 *)(r11 - ${8 * (k + 1)}) = ${k + 6}`);
  return `${[...regs, ...slots].join('\n')}\ncall ${callee}\n`;
}

/** The program that makes a call of `kfunc`, one of whose arguments BTF says to be of this type. */
export function withStruct(
  text: string,
  how: Pick<ValueArg, 'position' | 'slot'> & Partial<ValueArg>,
): Program {
  const program = programOf(`main:\n${text}exit\n`);
  const callees = new Map(
    [...program.callees].map(([key, callee]) => {
      const value: ValueArg = { type: 'STRUCT', bytes: 16, isScalar: true, ...how };
      return [key, { ...callee, declared: { byValue: [value] } }] as const;
    }),
  );
  return { ...program, callees };
}

/** r0 is the sum of so many arguments, the last one looked through by `read`. */
export function summing(
  name: string,
  count: number,
  read: (reg: string) => string = (reg) => `r0 += ${reg}`,
): string {
  const loads = Array.from({ length: count - 5 }, (_, k) => {
    const load = `r9 = *(u64 *)(r11 + ${8 * (k + 1)})`;
    return `${load}\n${k === count - 6 ? read('r9') : 'r0 += r9'}`;
  });
  return `${name}:\nr0 = r1\nr0 += r2\nr0 += r3\nr0 += r4\nr0 += r5\n${loads.join('\n')}\nexit\n`;
}
