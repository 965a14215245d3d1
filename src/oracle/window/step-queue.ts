/** The reference's steps, kept for as long as they are asked for: what a generator shows is gone when it goes on. */
import { MAX_STACK_ARGS } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import type { Program } from '../../bpf/program.ts';
import { REG_COUNT } from '../../bpf/reg.ts';
import type { ReferenceStep } from '../../core/step.ts';

type Memory = ReturnType<ReferenceStep['memory']>;

/** Steps by number, from 0 on. */
export class StepQueue {
  readonly #program: Program;
  readonly #steps: Iterator<ReferenceStep, unknown, void>;
  /** Steps `#first`, `#first + 1`, … */
  #kept: Frozen[] = [];
  #first = 0;
  #newest: Frozen | undefined;
  #ended = false;

  constructor(program: Program, steps: Iterator<ReferenceStep, unknown, void>) {
    this.#program = program;
    this.#steps = steps;
  }

  /** A step; undefined past the end of the run. Those that were dropped must not be asked for. */
  at(index: number): ReferenceStep | undefined {
    while (!this.#ended && this.#first + this.#kept.length <= index) this.#pull();
    return this.#kept[index - this.#first];
  }

  /** Forgets the steps before `index`. */
  dropBefore(index: number): void {
    if (index <= this.#first) return;
    this.#kept = this.#kept.slice(index - this.#first);
    this.#first = index;
  }

  #pull(): void {
    const { value, done } = this.#steps.next();
    if (done === true) {
      this.#ended = true;
      return;
    }
    const step = value as ReferenceStep;
    const before = this.#newest;
    const ran = before === undefined ? undefined : this.#program.insns[before.pc];
    this.#newest = new Frozen(step, before !== undefined && !writesMemory(ran) ? before : undefined);
    this.#kept.push(this.#newest);
  }
}

/** Whether frame and memory may be others after it: calls and exits change frames, models write. */
const writesMemory = (insn: Insn | undefined): boolean =>
  insn === undefined ||
  insn.kind === 'st' ||
  insn.kind === 'stx' ||
  insn.kind === 'atomic' ||
  insn.kind === 'call' ||
  insn.kind === 'exit';

class Frozen implements ReferenceStep {
  readonly pc: number;
  readonly subprog: number;
  readonly depth: number;
  readonly base: ReferenceStep['base'];
  readonly reg: ReferenceStep['reg'];
  readonly outgoing: ReferenceStep['outgoing'];
  readonly incoming: ReferenceStep['incoming'];
  readonly stack: ReferenceStep['stack'];
  readonly memory: ReferenceStep['memory'];

  /** `like`: a step with the same memory. */
  constructor(step: ReferenceStep, like: Frozen | undefined) {
    this.pc = step.pc;
    this.subprog = step.subprog;
    this.depth = step.depth;
    this.base = step.base;
    this.reg = copyOf(step.reg, REG_COUNT);
    this.outgoing = copyOf(step.outgoing, MAX_STACK_ARGS);
    this.incoming = copyOf(step.incoming, MAX_STACK_ARGS);
    this.stack = like?.stack ?? constant(step.stack());
    this.memory = like?.memory ?? constant(copyMemory(step.memory()));
  }
}

const constant =
  <T>(value: T): (() => T) =>
  () =>
    value;

function copyOf<T>(read: (index: number) => T, count: number): (index: number) => T | undefined {
  const values = Array.from({ length: count }, (_, index) => read(index));
  return (index) => values[index];
}

const copyMemory = (memory: Memory): Memory =>
  memory.map(({ bytes, poison }) => ({ bytes: bytes.slice(), poison: poison?.slice() }));
