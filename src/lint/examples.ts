/** For each rule a program that breaks it and no other one, as assembly; `# oracle:` lines state prototypes. */
import type { LintOptions } from './options.ts';
import type { RuleId } from './rules.ts';

export interface Example {
  readonly text: string;
  /** What it is linted for, where the rule asks for it. */
  readonly options?: LintOptions;
}

const SIX = `six:
  r0 = *(u64 *)(r11 + 8)
  exit`;

const REGISTERS = `  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5`;

/** A program of statements, one a line. */
const program = (...lines: readonly string[]): Example => ({ text: `${lines.join('\n')}\n` });

const PASSES_SIX = [REGISTERS, '  *(u64 *)(r11 - 8) = 6', '  call six', '  exit', SIX];

/** null: only bytes, or what BTF says, can break it. */
export const EXAMPLES: Readonly<Record<RuleId, Example | null>> = {
  'base-only': program('  r11 += 1', '  r0 = 0', '  exit'),
  mode: program('  r0 = 1', '  lock *(u64 *)(r11 - 8) += r0', '  exit'),
  width: program('  r0 = *(u32 *)(r11 + 8)', '  r0 = 0', '  exit'),
  alignment: program('  *(u64 *)(r11 - 4) = r1', '  r0 = 0', '  exit'),
  sign: program('  *(u64 *)(r11 + 8) = r1', '  r0 = 0', '  exit'),
  range: program('  *(u64 *)(r11 - 64) = r1', '  r0 = 0', '  exit'),
  'max-args': null,
  'max-kfunc-args': null,
  'global-function': program(
    '.globl main',
    'main:',
    REGISTERS,
    '  *(u64 *)(r11 - 8) = 6',
    '  call six',
    '  exit',
    '.globl six',
    SIX,
  ),
  'helper-args': program(
    '# oracle: proto helper_5=6',
    REGISTERS,
    '  *(u64 *)(r11 - 8) = 6',
    '  call 5',
    '  exit',
  ),
  'big-argument': null,
  'value-size': null,
  'value-members': null,
  'split-argument': null,
  prototype: null,
  'late-load': program(
    'main:',
    ...PASSES_SIX.slice(0, -1),
    'six:',
    '  call 7',
    '  r0 = *(u64 *)(r11 + 8)',
    '  exit',
  ),
  'excess-load': program('main:', '  r0 = *(u64 *)(r11 + 8)', '  r0 = 0', '  exit'),
  'missing-argument': program(
    'main:',
    '  if r1 == 0 goto other',
    '  *(u64 *)(r11 - 8) = 6',
    'other:',
    REGISTERS,
    '  call six',
    '  exit',
    SIX,
  ),
  'stale-argument': program(
    '# oracle: proto six=6',
    'main:',
    REGISTERS,
    '  *(u64 *)(r11 - 8) = 6',
    '  call six',
    REGISTERS,
    '  call six',
    '  exit',
    'six:',
    '  r0 = r1',
    '  exit',
  ),
  'unneeded-store': program(
    'main:',
    REGISTERS,
    '  *(u64 *)(r11 - 16) = 7',
    '  *(u64 *)(r11 - 8) = 6',
    '  call six',
    '  exit',
    SIX,
  ),
  'invalid-args': program(
    '# oracle: proto two=u64,u64',
    '.globl main',
    'main:',
    '  call 7',
    '  r1 = r0',
    '  call two',
    '  exit',
    '.globl two',
    'two:',
    '  r0 = r1',
    '  exit',
  ),
  'tail-call': program(
    'main:',
    ...PASSES_SIX.slice(0, -2),
    '  exit',
    'six:',
    '  r0 = *(u64 *)(r11 + 8)',
    '  call 12',
    '  r0 = 0',
    '  exit',
  ),
  'callback-args': program('main:', '  r2 = six ll', '  call 181', '  exit', SIX),
  'pad-argument': program(
    'main:',
    '  r0 = 0',
    '  exit',
    REGISTERS,
    '  *(u64 *)(r11 - 8) = 6',
    '  call bpf_unwind_resume',
    '  exit',
  ),
  'private-stack': {
    ...program('main:', '  call five', '  exit', 'five:', ...PASSES_SIX),
    options: { privateStack: true },
  },
  'no-jit': { ...program('main:', ...PASSES_SIX), options: { noJit: true } },
  'no-jit-kfunc': { ...program('main:', '  call some_kfunc', '  exit'), options: { noJit: true } },
  'no-jit-callback': {
    ...program('main:', '  r2 = callback ll', '  call 181', '  exit', 'callback:', '  r0 = 0', '  exit'),
    options: { noJit: true },
  },
  'reserved-field': null,
  'ld-imm64': null,
  opcode: null,
  'fall-through': program('  r0 = 0'),
  'jump-range': program('  r0 = 0', '  if r0 == 0 goto +5', '  exit'),
  'jump-middle': program('  r0 = 0', '  if r0 == 0 goto +1', '  r0 = 1 ll', '  exit'),
  'no-exit': program('  r0 = 0', '  goto -1', '  exit'),
  'frame-depth': program('main:', '  call again', '  exit', 'again:', '  call again', '  exit'),
  'stack-depth': program(
    'main:',
    '  *(u64 *)(r10 - 512) = 0',
    '  call leaf',
    '  exit',
    'leaf:',
    '  *(u64 *)(r10 - 8) = 0',
    '  r0 = 0',
    '  exit',
  ),
  'callback-tail-call': program(
    'main:',
    '  r2 = callback ll',
    '  call 181',
    '  exit',
    'callback:',
    '  call 12',
    '  exit',
  ),
  'callback-throw': program(
    'main:',
    '  r2 = callback ll',
    '  call 181',
    '  exit',
    'callback:',
    '  call bpf_throw',
    '  exit',
  ),
  'exception-call': program(
    '# oracle: exception-callback caught',
    'main:',
    '  call caught',
    '  exit',
    'caught:',
    '  r0 = 0',
    '  exit',
  ),
  'exception-args': program(
    '# oracle: exception-callback caught',
    '# oracle: proto caught=2',
    'main:',
    '  r1 = 1',
    '  call bpf_throw',
    '  r0 = 0',
    '  exit',
    '.type caught, @function',
    'caught:',
    '  r0 = 0',
    '  exit',
  ),
  'unset-register': program('  r0 = r6', '  exit'),
  'read-only-fp': program('  r10 += 8', '  r0 = 0', '  exit'),
  'unset-stack': program('  r0 = *(u64 *)(r10 - 8)', '  exit'),
  'stack-bounds': program('  *(u64 *)(r10 - 520) = 0', '  r0 = 0', '  exit'),
  'no-address': program('  r1 = 64', '  r0 = *(u64 *)(r1 + 0)', '  exit'),
};
