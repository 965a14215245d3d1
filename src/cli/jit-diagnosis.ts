/** `doctor --jit`: whether a JIT keeps the image protocol, what it takes, and how fast it is. */
import { STRUCTURES } from '../arb/profile.ts';
import { OPCODE_FORMS } from '../bpf/opcode-forms.ts';
import type { Program } from '../bpf/program.ts';
import { Checker } from '../checker.ts';
import type { Image } from '../core/image.ts';
import type { CaseResult } from '../oracle/case.ts';
import { table } from '../report/table.ts';
import { fieldName, observedText, reasonText } from '../report/words.ts';
import { disassembleNative } from '../x86/disasm.ts';
import { checkerOptionsOf, compilerOf } from './jit-choice.ts';
import { JIT_PROBES, type JitProbe, LEAST } from './jit-probes.ts';
import { askProfile } from './jit-profile.ts';
import type { Setup } from './options.ts';

/**
 * `declined`: the JIT says it has no such thing, which is no fault. `differs`: it keeps the protocol, but its code
 * does something else; a mistake of the adapter, or a bug of the JIT.
 */
export interface JitCheck {
  readonly name: string;
  readonly result: 'ok' | 'declined' | 'differs' | 'failed';
  /** Why; empty of what is ok. */
  readonly detail: string;
}

/** The document of `doctor --jit … --reporter json`. */
export interface JitDiagnosis {
  readonly schema: 'bpf-oracle/doctor-jit@1';
  readonly jit: string;
  /** It compiles, and nothing failed. */
  readonly healthy: boolean;
  readonly checks: readonly JitCheck[];
  /** Forms of instructions and structures it declines, with its words. */
  readonly lacks: readonly { readonly name: string; readonly reason: string }[];
  readonly asked: number;
  /** Compilations of the least program; null if it compiles none. */
  readonly compilesPerSecond: number | null;
}

const SPEED_MS = 500;

export function diagnoseJit(setup: Setup): JitDiagnosis {
  const checker = new Checker(checkerOptionsOf(setup));
  try {
    const compile = compilerOf(setup);
    const imageOf = (program: Program): Image => compile(program, 0).image;
    const asked = ({ name, program, memory }: JitProbe): JitCheck => {
      return { name, ...outcomeOf(checker.check(program, { memory })) };
    };
    const first = asked(LEAST);
    const isAlive = first.result === 'ok';
    const checks = isAlive ? [first, ...JIT_PROBES.map(asked)] : [first];
    const lacks = isAlive ? lacksOf(setup) : [];
    if (isAlive) checks.push(sameTwice(imageOf), mapped(imageOf), checkAgain(checker));
    return {
      schema: 'bpf-oracle/doctor-jit@1',
      jit: setup.jit,
      healthy: isAlive && checks.every(({ result }) => result !== 'failed'),
      checks,
      lacks,
      asked: OPCODE_FORMS.length + STRUCTURES.length,
      compilesPerSecond: isAlive ? speedOf(imageOf) : null,
    };
  } finally {
    checker.close();
  }
}

function outcomeOf(result: CaseResult): Omit<JitCheck, 'name'> {
  const { verdict, reason, divergences } = result;
  if (verdict === 'agree') return { result: 'ok', detail: '' };
  const [first] = divergences;
  if (first !== undefined) {
    const [want, got] = [observedText(first.want, result), observedText(first.got, result)];
    return { result: 'differs', detail: `${fieldName(first.subject, result)} is ${got}, not ${want}` };
  }
  const detail = reason === null ? '' : reasonText(reason, result);
  return { result: reason?.kind === 'refused' ? 'declined' : 'failed', detail };
}

function lacksOf(setup: Setup): JitDiagnosis['lacks'] {
  const learned = askProfile(setup);
  if (learned.kind !== 'profile') return [];
  return [...learned.profile.lacks].map(([name, reason]) => ({ name, reason }));
}

function sameTwice(imageOf: (program: Program) => Image): JitCheck {
  const [one, two] = [imageOf(LEAST.program), imageOf(LEAST.program)];
  const isSame = Buffer.compare(one.code, two.code) === 0;
  return {
    name: 'gives the same program the same code',
    result: isSame ? 'ok' : 'failed',
    detail: isSame ? '' : 'cases could not be run again',
  };
}

/** Slots must begin where native instructions do. */
function mapped(imageOf: (program: Program) => Image): JitCheck {
  const name = 'maps slots to native instructions';
  const { pcMap, code, base } = imageOf(LEAST.program);
  if (pcMap === undefined) return { name, result: 'declined', detail: 'no pcMap in its answers' };
  const starts = new Set(disassembleNative(code, { base }).map(({ offset }) => offset));
  const wrong = [...pcMap].find(([, offset]) => !starts.has(offset) && offset !== code.length);
  if (wrong === undefined) return { name, result: 'ok', detail: '' };
  return { name, result: 'failed', detail: `slot ${wrong[0]} at ${wrong[1]}: no instruction begins there` };
}

/** After all it was asked, what it declined among it. */
function checkAgain(checker: Checker): JitCheck {
  return { name: 'answers on after what it declined', ...outcomeOf(checker.check(LEAST.program)) };
}

function speedOf(imageOf: (program: Program) => Image): number {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < SPEED_MS) {
    imageOf(LEAST.program);
    count++;
  }
  return Math.round((1000 * count) / (performance.now() - start));
}

/** As text, with a newline at its end. */
export function jitDiagnosisText(diagnosis: JitDiagnosis): string {
  const { jit, checks, lacks, asked, compilesPerSecond, healthy } = diagnosis;
  const rows = checks.map(({ name, result, detail }) => [result, name, detail]);
  const isSame = checks.every(({ result }) => result !== 'differs');
  const ready = isSame ? 'ready' : 'ready; what differs is a mistake of the adapter or a bug of the JIT';
  return `${[
    jit,
    ...table(rows),
    ...(compilesPerSecond === null
      ? []
      : [
          `takes ${asked - lacks.length} of ${asked} forms of instructions and structures`,
          ...lackLines(lacks),
          `${compilesPerSecond} programs a second`,
        ]),
    `result: ${healthy ? ready : 'not usable'}`,
  ].join('\n')}\n`;
}

/** One line a reason, whatever numbers are in it. */
function lackLines(lacks: JitDiagnosis['lacks']): string[] {
  const names = new Map<string, string[]>();
  for (const { name, reason } of lacks) {
    const key = reason.replace(/\b(?:0x[0-9a-f]+|\d+)\b/gi, 'n');
    names.set(key, [...(names.get(key) ?? []), name]);
  }
  return [...names].map(([reason, of]) => `  ${reason}: ${of.join(', ')}`);
}
