/**
 * The reference interpreter: fetches and steps. It reads as RFC 9669, clause by clause; `KERNEL:` marks what
 * Linux defines or adds, `NON-SPEC:` what is our own choice. Clear before fast.
 */
import type { Insn } from '../bpf/insn.ts';
import type { Program } from '../bpf/program.ts';
import type { Env, FramePlacement } from '../core/env.ts';
import { assertNever, badInput } from '../core/errors.ts';
import type { Execution, Outcome } from '../core/execution.ts';
import type { Mutable } from '../core/mutable.ts';
import type { ReferenceStep } from '../core/step.ts';
import { fromS32 } from '../core/u64.ts';
import { alu, movsx, swap } from './alu.ts';
import { atomic } from './atomic.ts';
import { call, callx, exit } from './call.ts';
import { runPlain } from './fast/plain.ts';
import { FAST_FROM, runFast } from './fast/run.ts';
import { ja, jcc, mayGoto } from './jump.ts';
import { atomicArena, cast, loadLinux, storeArena } from './linux-access.ts';
import { lddw, ldx, st, stx } from './load-store.ts';
import { DEFAULT_PLACEMENT, Machine } from './machine.ts';

export interface InterpretOptions {
  /**
   * Where frames lie.
   * @defaultValue main at MAIN_FP, frames MAX_STACK_BYTES apart, so that each has all its stack to itself
   */
  readonly placement?: FramePlacement | undefined;
  /** Events kept in the trace; further ones are only counted. @defaultValue 100_000 */
  readonly traceLimit?: number;
  /**
   * `strict`: instruction by instruction, clause by clause, to the end. `fast`: so to begin with, and where a run
   * turns out long, by translation (fast/run.ts); the same executions.
   * @defaultValue fast
   */
  readonly reference?: ReferenceForm;
  /** Of `fast`: instructions before anything is translated. @defaultValue FAST_FROM */
  readonly fastFrom?: number | undefined;
}

export type ReferenceForm = 'strict' | 'fast';

/**
 * Runs `program` from its first instruction until it exits, misbehaves or has run `env.insnLimit`
 * instructions. At entry r1 points to a copy of the input memory and r2 is its size; all other registers but
 * r10 are poison. Changes none of its arguments.
 *
 * What the guest does wrong is an outcome. Throws an `engine` error if a callee's model throws, and an
 * `input` error if sections overlap or can't be addressed.
 */
export function interpret(program: Program, env: Env, options: InterpretOptions = {}): Execution {
  const { placement = DEFAULT_PLACEMENT, traceLimit = 100_000, reference = 'fast' } = options;
  const m = new Machine(program, env, placement, traceLimit);
  const { outcome, insns } = reference === 'fast' ? run(m, options.fastFrom ?? FAST_FROM) : runStrict(m);
  m.release();
  return executionOf(m, outcome, insns);
}

/**
 * The same run, one instruction at a time: yields the state before each, and returns what `interpret` returns.
 * The view is live.
 */
export function* interpretSteps(
  program: Program,
  env: Env,
  options: InterpretOptions = {},
): Generator<ReferenceStep, Execution, void> {
  const { placement = DEFAULT_PLACEMENT, traceLimit = 100_000 } = options;
  const m = new Machine(program, env, placement, traceLimit);
  let insns = 0;
  let outcome: Outcome | undefined;
  while (outcome === undefined && insns < env.insnLimit) {
    const insn = fetch(m);
    yield viewOf(m);
    insns++;
    outcome = step(m, insn);
  }
  outcome ??= { kind: 'budget' };
  return executionOf(m, outcome, insns);
}

function viewOf(m: Machine): ReferenceStep {
  return {
    pc: m.pc,
    subprog: m.frame.subprog.index,
    depth: m.depth,
    base: m.frame.base,
    reg: (reg) => m.regs.word(reg),
    outgoing: (slot) => m.frame.outgoing(slot),
    incoming: (slot) => m.frame.incoming(slot),
    stack: () => m.frame.snapshot(),
    memory: () =>
      [m.memory.context, ...m.memory.data].map((region) => ({
        bytes: region.bytes,
        poison: region.poisonFlags(),
      })),
  };
}

interface Ended {
  readonly outcome: Outcome;
  /** A wide instruction counts as one. */
  readonly insns: number;
}

const BUDGET: Outcome = { kind: 'budget' };

/** Instruction by instruction. */
function runStrict(m: Machine): Ended {
  const { insnLimit } = m.env;
  for (let insns = 0; insns < insnLimit; ) {
    insns++;
    const outcome = step(m, fetch(m));
    if (outcome !== undefined) return { outcome, insns };
  }
  return { outcome: BUDGET, insns: insnLimit };
}

/** As `runStrict`, but for plain instructions, and for all that comes after `fastFrom` of them. */
function run(m: Machine, fastFrom: number): Ended {
  const { insnLimit } = m.env;
  const limit = Math.min(insnLimit, fastFrom);
  let insns = 0;
  while (insns < limit) {
    insns += runPlain(m, limit - insns);
    if (insns === limit) break;
    insns++;
    const outcome = step(m, fetch(m));
    if (outcome !== undefined) return { outcome, insns };
  }
  if (limit === insnLimit) return { outcome: BUDGET, insns };
  const { outcome = BUDGET, insns: all } = runFast(m, insns, fastFrom, (each) => step(each, fetch(each)));
  return { outcome, insns: all };
}

/** The next instruction; `pc` then stands on it, `next` behind its first slot. */
function fetch(m: Machine): Insn {
  m.pc = m.next;
  m.next++;
  const insn = m.program.insns[m.pc];
  // `buildProgram` refuses every program that could get here.
  if (insn === undefined) {
    const why = 'there is no instruction here: make programs with buildProgram';
    throw badInput('interpret', `insn ${m.pc}`, why);
  }
  return insn;
}

/** Runs one instruction; the outcome if it is the last one. */
function step(m: Machine, insn: Insn): Outcome | undefined {
  switch (insn.kind) {
    case 'alu':
      return alu(m, insn);
    case 'movsx':
      return movsx(m, insn);
    case 'cast':
      return cast(m, insn);
    case 'swap':
      return swap(m, insn);
    case 'lddw':
      return lddw(m, insn);
    case 'ldx':
      return insn.access === undefined ? ldx(m, insn) : loadLinux(m, insn);
    case 'stx':
      return insn.access === undefined ? stx(m, insn) : storeArena(m, insn, m.regs.word(insn.src));
    case 'st':
      return insn.access === undefined ? st(m, insn) : storeArena(m, insn, fromS32(insn.imm));
    case 'atomic':
      return insn.access === undefined ? atomic(m, insn) : atomicArena(m, insn);
    // RFC 9669 §5.5: "deprecated and should no longer be used"
    case 'ld_abs':
    case 'ld_ind':
      return m.unsupported(insn.kind);
    case 'ja':
      return ja(m, insn);
    case 'jcc':
      return jcc(m, insn);
    case 'may_goto':
      return mayGoto(m, insn);
    case 'call':
      return call(m, insn);
    case 'callx':
      return callx(m, insn);
    case 'exit':
      return exit(m);
    default:
      return assertNever(insn);
  }
}

const NO_BREACHES: Execution['breaches'] = [];

function executionOf(m: Machine, outcome: Outcome, insns: number): Execution {
  const { context, data } = m.memory;
  let isPoisoned = false;
  for (const section of data) isPoisoned ||= section.poisonFlags() !== undefined;
  const execution: Mutable<Execution> = {
    outcome,
    memory: context.bytes,
    data: data.map(({ bytes }) => bytes),
    trace: m.trace.trace(),
    insns,
    breaches: NO_BREACHES,
  };
  const memoryPoison = context.poisonFlags();
  if (memoryPoison !== undefined) execution.memoryPoison = memoryPoison;
  if (isPoisoned) execution.dataPoison = data.map((section) => section.poisonFlags());
  if (m.choicesMet !== undefined) execution.choicesMet = [...m.choicesMet];
  return execution;
}
