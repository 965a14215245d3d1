/** What each native instruction of an image is there for. */
import { isStackArgBase } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import type { Program } from '../bpf/program.ts';
import type { CallSite, Image } from '../core/image.ts';
import { type Piece, piecesOf } from '../core/pieces.ts';
import { type InsnCost, insnCosts } from '../x86/insn-cost.ts';

/**
 * `passed` and `received`: a store or a load of a stack argument. `before` and `after`: what a call costs beside the
 * `call` itself. `thunk`: what hardened code jumps to behind the image; `trampoline`: native code's way into main.
 * `other`: the program's own work.
 */
export const PARTS = [
  'passed',
  'received',
  'before',
  'call',
  'after',
  'prologue',
  'epilogue',
  'thunk',
  'trampoline',
  'other',
] as const;
export type Part = (typeof PARTS)[number];

/** A native instruction. */
export interface PartInsn extends InsnCost {
  readonly part: Part;
  readonly subprog: number;
  /** Slot of the BPF instruction it stems from; null in a prologue, a thunk and a trampoline. */
  readonly pc: number | null;
  /** Number of the piece it is part of; one for all of a trampoline. */
  readonly piece: number;
}

/** int3: what lies between subprogs. */
const FILL = 0xcc;

/**
 * All instructions of an image with a pc map, in the order of its bytes. Left out is what fills the gap to the next
 * subprog, and what stands for functions of the kernel beside a trampoline.
 */
export function partsOf(program: Program, image: Image): PartInsn[] {
  const sites = new Map((image.callSites ?? []).map((site) => [site.pc, site]));
  let subprog = 0;
  const { start: outside = Infinity, offset: entered = Infinity } = image.trampoline ?? {};
  return piecesOf(image).flatMap((piece, k) => {
    if (piece.start >= outside && piece.start < entered) return [];
    subprog = piece.subprog ?? subprog;
    const insns = insnCosts(image.code, piece.start, endOf(image, piece));
    const isTrampoline = piece.start >= entered;
    const partAt = isTrampoline ? (): Part => 'trampoline' : partOf(piece, program, sites);
    const whole = { subprog, pc: piece.pc, piece: isTrampoline ? -1 : k };
    return insns.map((insn) => ({ ...insn, part: partAt(insn), ...whole }));
  });
}

function endOf({ code }: Image, { start, end }: Piece): number {
  let last = end;
  while (last > start && code[last - 1] === FILL) last--;
  return last;
}

/** By instruction of a piece. */
function partOf(
  { pc, thunk }: Piece,
  { insns }: Program,
  sites: ReadonlyMap<number, CallSite>,
): (insn: InsnCost) => Part {
  const site = pc === null ? undefined : sites.get(pc);
  if (site !== undefined) {
    return ({ offset, cost }) => {
      if (offset >= site.returnOffset) return 'after';
      return offset + cost.bytes === site.returnOffset ? 'call' : 'before';
    };
  }
  const part = thunk !== undefined ? 'thunk' : pc === null ? 'prologue' : insnPart(insns[pc]);
  return () => part;
}

function insnPart(insn: Insn | undefined): Part {
  switch (insn?.kind) {
    case 'exit':
      return 'epilogue';
    case 'ldx':
      return isStackArgBase(insn.src) ? 'received' : 'other';
    case 'st':
    case 'stx':
      return isStackArgBase(insn.dst) ? 'passed' : 'other';
    default:
      return 'other';
  }
}
