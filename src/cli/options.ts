/** Options that several commands share, with their words and checks. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CONVENTION_NAMES, type ConventionName } from '../bpf/calling.ts';
import { parseNativeProto } from '../bpf/native-proto.ts';
import { parseProto } from '../bpf/proto.ts';
import { OracleError } from '../core/errors.ts';
import { BLINDING, JIT_SWITCHES, type JitSwitches } from '../core/jit-switches.ts';
import type { NativeProto } from '../core/native.ts';
import { ENGINE_NAMES, type EngineName, isEngineName } from '../emu/engine-names.ts';
import type { ReferenceForm } from '../interp/interpret.ts';
import { isDpdk } from '../jits/dpdk/names.ts';
import { parseHex } from './hex.ts';
import { naturalNumber } from './natural-number.ts';

export interface ReadOptions {
  readonly convention?: ConventionName;
  readonly section?: string;
  readonly function?: string;
  readonly format?: string;
  /** By name, the types as they were typed. */
  readonly proto?: ReadonlyMap<string, string>;
  readonly native?: NativeProto;
}

export interface InputOptions {
  readonly mem?: Uint8Array;
  readonly insnLimit?: number;
}

export interface JitChoice extends JitSwitches {
  /** `builtin`, `dpdk`, `exec:` and a command, `image:` and a bundle, or `mutant:` and a mutant's name. */
  readonly jit: string;
  readonly convention?: ConventionName;
}

/** What runs native code. */
export interface EngineChoice {
  /** @defaultValue as a case's file says, else unicorn */
  readonly engine?: readonly EngineName[];
}

export interface ReferenceChoice {
  /** @defaultValue fast */
  readonly reference?: ReferenceForm;
}

/** How programs are compiled and run. */
export type Setup = JitChoice & EngineChoice & ReferenceChoice;

export interface ExpectOptions {
  readonly expectFailures?: string;
}

/** How files are read. */
export function addReadOptions(command: Command): Command {
  return command
    .option('--section <name>', 'ELF: take the program of this section')
    .option('--function <name>', 'ELF: take this function')
    .option('--format <name>', 'elf, bin, hex, asm, listing or data, instead of what name and content say')
    .addOption(
      new Option(
        '--proto <name=types>',
        'prototype of a function or kfunc, e.g. sum=u64,u32; repeatable',
      ).argParser(addProto),
    )
    .addOption(
      new Option(
        '--native <kind=types:type>',
        'who calls the program through a trampoline: fentry, fexit, fexit-jmp or struct_ops, what it passes and gets, e.g. fexit=u64,s32,struct16:u128',
      ).argParser((text: string) => refusing(() => parseNativeProto(text, '--native'))),
    );
}

/** What a program gets. */
export function addInputOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--mem <hex>', 'context memory: bytes at r1, r2 = their number').argParser(hexOption),
    )
    .addOption(
      new Option('--insn-limit <n>', 'BPF instructions the reference may run').argParser(positiveInteger),
    );
}

/** Which JIT compiles programs, and how. */
export function addJitOptions(command: Command): Command {
  command.addOption(
    new Option(
      '--jit <name>',
      'JIT to judge: builtin, dpdk, dpdk-interpreter, exec:COMMAND, image:FILE (a bundle), or mutant:NAME (broken on purpose)',
    )
      .argParser(jitName)
      .default('builtin'),
  );
  return addSetupOptions(command);
}

/** How programs are compiled. */
export function addSetupOptions(command: Command): Command {
  command.addOption(
    new Option(
      '--convention <name>',
      "how arguments 6..12 travel (default: as the program's file says, else linux)",
    ).choices(CONVENTION_NAMES),
  );
  for (const row of JIT_SWITCHES) {
    command.option(`--${row.key}`, row.standard ? `${row.on} (default)` : row.on);
    if (row.standard) command.option(`--no-${row.key}`, row.off);
  }
  return command.addOption(
    new Option(
      `--${BLINDING} <seed>`,
      'blind constants, as net.core.bpf_jit_harden does; masks follow from the seed',
    ).argParser(naturalNumber),
  );
}

export interface LintChoice {
  /** false: --no-lint */
  readonly lint: boolean;
}

/** Whether illegal programs are refused. */
export function addLintOption(command: Command): Command {
  return command.option('--no-lint', 'judge programs that break the rules of stack arguments, too');
}

/** Which cases are known to diverge. */
export function addExpectOption(command: Command): Command {
  return command.option(
    '--expect-failures <file>',
    'cases known to diverge, one a line: "name # why"; one that does not diverge fails the run',
  );
}

/** How the reference runs. */
export function addReferenceOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--reference <form>',
      'how the reference runs: strict, clause by clause; fast (default), long runs translated, proved equal',
    ).choices(['strict', 'fast'] satisfies ReferenceForm[]),
  );
}

/** Where native code runs, and how the reference does. */
export function addEngineOption(command: Command): Command {
  return addReferenceOption(command).addOption(
    new Option(
      '--engine <names>',
      'what runs native code: unicorn, silicon (this CPU), unicorn-wasm; or several: unicorn,silicon (default: unicorn)',
    ).argParser(engineNames),
  );
}

/** For Option.argParser: names separated by commas. */
function engineNames(text: string): readonly EngineName[] {
  const names = text.split(',').map((name) => name.trim());
  if (!names.every(isEngineName) || new Set(names).size !== names.length) {
    throw new InvalidArgumentError(`It can be one or several of ${ENGINE_NAMES.join(', ')}, each once.`);
  }
  return names;
}

const hexOption = (text: string): Uint8Array => refusing(() => parseHex(text, '--mem'));

/** Whether there is a mutant of that name is found out when it is wanted (jit-choice.ts). */
export function jitName(text: string): string {
  if (text === 'builtin' || isDpdk(text) || /^(?:mutant|exec|image):./.test(text)) return text;
  throw new InvalidArgumentError(
    'It can be builtin, dpdk, dpdk-interpreter, exec:COMMAND, image:FILE or mutant:NAME.',
  );
}

/** For Option.argParser: commas end a name only before the next one; commands of `exec:` may hold others. */
export function jitNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = [
    ...before,
    ...text.split(/,(?=(?:builtin|dpdk|dpdk-interpreter)(?:,|$)|(?:mutant|exec|image):)/).map(jitName),
  ];
  if (new Set(names).size !== names.length) throw new InvalidArgumentError('Name each JIT once.');
  return names;
}

/** For Option.argParser. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('It must be a whole number from 1 on.');
  }
  return value;
}

/** For Option.argParser. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || value <= 0)
    throw new InvalidArgumentError('It must be a number above 0, e.g. 60 or 0.5.');
  return value;
}

/** One more prototype; the last of a name counts. */
function addProto(
  text: string,
  before: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  const [name] = refusing(() => parseProto(text, '--proto'));
  return new Map([...(before ?? []), [name, text.slice(text.indexOf('=') + 1).trim()]]);
}

/** Turns refusals into those of an option's argument. */
function refusing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof OracleError ? new InvalidArgumentError(error.parts.why) : error;
  }
}
