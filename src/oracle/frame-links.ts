/**
 * What a frame keeps for its caller: return address, frame pointer, callee-saved registers. The reference has none
 * of it; what must stand there is what the native side had when the call was made.
 */
import type { Program } from '../bpf/program.ts';
import { R10 } from '../bpf/reg.ts';
import type { Word } from '../core/execution.ts';
import { type Image, UNKNOWN_GPR } from '../core/image.ts';
import type { NativeStep, ReferenceStep } from '../core/step.ts';
import type { U64 } from '../core/u64.ts';
import type { FrameRole } from './frame-rows.ts';

interface Link {
  readonly returnAddress: Word;
  /** The caller's general-purpose registers at the call. */
  readonly regs: readonly U64[];
  /** The word above the return address; of main alone. */
  readonly canary: Word;
  /** The frame that was entered, by the number of those below it. */
  readonly depth: number;
}

/** What a helper keeps in registers when it calls a function is its own affair. */
const UNKNOWN_CALLER: Omit<Link, 'depth'> = { returnAddress: undefined, canary: undefined, regs: [] };

const GPRS = 16;
const WORD = 8n;

/** Follows a lock-step run from call to call. */
export class FrameLinks {
  readonly #program: Program;
  readonly #returnOffsets: ReadonlyMap<number, number>;
  readonly #base: U64;
  readonly #fpReg: number;
  /** Of the frames that run, main's first. */
  readonly #links: Link[] = [];
  #call: Omit<Link, 'depth'> | undefined;
  /** The last instruction ended main, or what a timer called. */
  #isOver = false;

  constructor(program: Program, { base, callSites = [], regs }: Image) {
    this.#program = program;
    this.#base = base;
    this.#fpReg = regs?.[R10] ?? UNKNOWN_GPR;
    this.#returnOffsets = new Map(callSites.map(({ pc, returnOffset }) => [pc, returnOffset]));
  }

  /** Frames below the innermost one. */
  get depth(): number {
    return Math.max(this.#links.length - 1, 0);
  }

  /** Before main's first native instruction: rsp is at the return address. */
  enterMain(got: NativeStep): void {
    this.#call = { returnAddress: got.word(got.rsp), canary: got.word(got.rsp + WORD), regs: gprs(got) };
  }

  /** Before each BPF instruction. */
  follow(want: ReferenceStep, got: NativeStep): void {
    const { depth } = want;
    if (this.#isOver) this.#links.splice(0, this.#links.length, { ...UNKNOWN_CALLER, depth });
    const inner = this.#links.at(-1);
    if (this.#call !== undefined && (inner === undefined || depth > inner.depth)) {
      this.#links.push({ ...this.#call, depth });
    } else if (inner !== undefined && depth < inner.depth) this.#links.pop();
    const kind = this.#program.insns[want.pc]?.kind;
    if (kind === 'call' || kind === 'callx') this.#call = this.#callAt(want.pc, got);
    else this.#call = undefined;
    this.#isOver = kind === 'exit' && depth === 0;
  }

  /** What must stand in the innermost frame; undefined where it is not known, or is for nobody. */
  want(role: FrameRole): Word {
    const link = this.#links.at(-1);
    switch (role.kind) {
      case 'return-address':
        return link?.returnAddress;
      case 'saved-fp':
        return link?.regs[this.#fpReg];
      case 'saved-reg':
        return link?.regs[role.reg];
      case 'canary':
        return link?.canary;
      default:
        return undefined;
    }
  }

  #callAt(pc: number, got: NativeStep): Omit<Link, 'depth'> {
    const insn = this.#program.insns[pc];
    if (insn?.kind === 'call' && insn.target === 'helper') return UNKNOWN_CALLER;
    const offset = this.#returnOffsets.get(pc);
    const returnAddress = offset === undefined ? undefined : this.#base + BigInt(offset);
    return { returnAddress, canary: undefined, regs: gprs(got) };
  }
}

const gprs = (got: NativeStep): U64[] => Array.from({ length: GPRS }, (_, reg) => got.gpr(reg));
