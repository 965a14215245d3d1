/**
 * What programs contain and do, as names: static ones from instructions and native code, dynamic ones from the
 * interpreter's trace. A test asks for names; one nobody drew is a hole.
 */
import type { Generated } from '../../src/arb/lower.ts';
import { isStackArgBase, MAX_REG_ARGS } from '../../src/bpf/calling.ts';
import { encode, fields } from '../../src/bpf/encode.ts';
import type { CallInsn, Insn } from '../../src/bpf/insn.ts';
import { formIndex, OPCODE_FORMS } from '../../src/bpf/opcode-forms.ts';
import { type Program, type Subprog, subprogAt, targetOf } from '../../src/bpf/program.ts';
import { calleeKey } from '../../src/core/env.ts';
import type { CallEvent, Execution } from '../../src/core/execution.ts';
import { CTX_BASE, DATA_BASE } from '../../src/core/layout.ts';
import type { U64 } from '../../src/core/u64.ts';
import { compile } from '../../src/jit/compile.ts';
import { runGenerated } from './valid.ts';

/** How many programs show each name. */
export class Census {
  readonly #counts = new Map<string, number>();
  programs = 0;

  add(generated: Generated): void {
    this.programs++;
    const seen = new Set<string>();
    const see = (name: string): void => {
      seen.add(name);
    };
    for (const subprog of generated.program.subprogs) lookAtFunction(generated.program, subprog, see);
    lookAtForms(generated.program, see);
    lookAtNative(generated.program, see);
    lookAtRun(runGenerated(generated), see);
    for (const name of seen) this.#counts.set(name, this.count(name) + 1);
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Names nobody showed. */
  missing(names: readonly string[]): string[] {
    return names.filter((name) => this.count(name) === 0);
  }

  /** Share of programs that show a name. */
  share(name: string): number {
    return this.count(name) / this.programs;
  }
}

type See = (name: string) => void;

const argsOf = (program: Program, pc: number, insn: CallInsn): number =>
  insn.target === 'local'
    ? subprogAt(program, pc + 1 + insn.imm).args
    : (program.callees.get(calleeKey({ kind: insn.target, id: insn.imm }))?.args ?? Number.NaN);

function lookAtFunction(program: Program, subprog: Subprog, see: See): void {
  const counts = new Set<number>();
  const callees: string[] = [];
  let exits = 0;
  for (let pc = subprog.start; pc < subprog.end; pc++) {
    const insn = program.insns[pc];
    if (insn === undefined) continue;
    lookAtInsn(program, pc, insn, subprog, see);
    if (insn.kind === 'exit') exits++;
    if (insn.kind !== 'call') continue;
    counts.add(argsOf(program, pc, insn));
    callees.push(`${insn.target} ${targetOf(pc, insn) ?? insn.imm}`);
    see(`calls ${insn.target} with ${argsOf(program, pc, insn)}`);
  }
  if (exits > 1) see('several exits');
  if (counts.size > 1) see('different argument counts in one caller');
  if (new Set(callees).size < callees.length) see('same callee from several sites');
  if (subprog.args > MAX_REG_ARGS && subprog.outgoing > 0) see('receives and passes stack arguments');
  see(`function of ${subprog.args}`);
}

function lookAtInsn(program: Program, pc: number, insn: Insn, subprog: Subprog, see: See): void {
  const target = targetOf(pc, insn);
  const isJump = insn.kind === 'jcc' || insn.kind === 'ja' || insn.kind === 'may_goto';
  if (isJump && target !== undefined) {
    see(target > pc ? 'forward jump' : 'backward jump');
    if (target === subprog.start) see(subprog.index === 0 ? 'jump to insn 0' : 'jump to insn 0 of a subprog');
    if (target === pc + 1) see(`${insn.kind} over nothing`);
    for (let at = Math.min(pc + 1, target); at < Math.max(pc, target); at++)
      if (program.insns[at]?.kind === 'lddw') see('wide insn under a jump');
    if (target > pc && spansBack(program, pc, target)) see('mutually spanning jumps');
  }
  if (insn.kind === 'st' && isStackArgBase(insn.dst)) {
    const sign = insn.imm < 0 ? 'negative' : insn.imm > 0 ? 'positive' : 'zero';
    see(`ST ${sign} to ${insn.off === -8 ? 'argument 6' : 'another argument'}`);
  }
  if (insn.kind === 'stx' && isStackArgBase(insn.dst)) see(`r${insn.src} to stack argument`);
  if (insn.kind === 'ldx' && isStackArgBase(insn.src)) see(`stack argument to r${insn.dst}`);
}

/** A jump inside [from, to) back to where `from` is or before, while the one at `from` leaves over it. */
function spansBack(program: Program, from: number, to: number): boolean {
  for (let pc = from + 1; pc < to; pc++) {
    const insn = program.insns[pc];
    if (insn?.kind === 'ja' && (targetOf(pc, insn) ?? pc) <= from) return true;
  }
  return false;
}

/** Opcode forms, and the registers they come with. */
function lookAtForms(program: Program, see: See): void {
  for (const insn of program.insns) {
    if (insn === undefined) continue;
    const [opcode, dst, src, off, imm] = fields(insn);
    const form = OPCODE_FORMS[formIndex(opcode, src, off, imm)];
    if (form === undefined) throw new Error(`no form of ${Buffer.from(encode([insn])).toString('hex')}`);
    see(`form ${form.name}`);
    if (dst < 10 && form.possible.dst !== 0) see(`${insn.kind} dst r${dst}`);
    if (src < 11 && form.possible.src !== 0) see(`${insn.kind} src r${src}`);
  }
}

/** Distances of jumps, and frames, as Linux's layout has them. */
function lookAtNative(program: Program, see: See): void {
  const { frames = [], pcMap = [] } = compile(program).image;
  for (const { stackDepth, saved, outgoing } of frames) {
    see(`stack depth ${stackDepth}`);
    see(`${saved.length} callee-saved`);
    see(`outgoing ${outgoing}`);
  }
  const offsets = new Map(pcMap);
  program.insns.forEach((insn, pc) => {
    if (insn?.kind !== 'jcc' && insn?.kind !== 'ja') return;
    const target = offsets.get(targetOf(pc, insn) ?? pc) ?? Number.NaN;
    const end = offsets.get(pc + 1) ?? Number.NaN;
    if (end !== offsets.get(pc)) see(`distance ${target - end}`);
  });
}

function lookAtRun({ trace, outcome }: Execution, see: See): void {
  see(outcome.kind);
  let depth = 1;
  let deepest = 1;
  let calls = 0;
  for (const event of trace.events) {
    if (event.kind === 'return') {
      depth--;
      continue;
    }
    calls++;
    if (event.callee.kind === 'bpf') deepest = Math.max(deepest, ++depth);
    see(`called ${event.callee.kind} with ${event.args.length}`);
    lookAtArgs(event, see);
  }
  see(`${deepest} frames`);
  if (calls >= 3) see('3 calls or more');
}

function lookAtArgs({ callee, args, stack }: CallEvent, see: See): void {
  const words = args.filter((arg): arg is U64 => arg !== undefined);
  if (words.length > 1) see(new Set(words).size === words.length ? 'distinct arguments' : 'arguments alike');
  args.forEach((arg, i) => {
    if (arg === undefined) return;
    const place = i < MAX_REG_ARGS ? 'register' : 'stack';
    const high = arg >> 32n;
    if (high !== 0n && high !== 0xffff_ffffn) see(`dirty upper half in argument ${i + 1}`);
    for (const [name, base] of [
      ['ctx', CTX_BASE],
      ['data', DATA_BASE],
    ] as const)
      if (arg >= base && arg < base + 4096n) see(`${name} pointer in a ${place} argument`);
    if (stack !== null && arg >= stack.address && arg < stack.address + BigInt(stack.bytes.length))
      see(`stack pointer in a ${place} argument of a ${callee.kind}`);
  });
}
