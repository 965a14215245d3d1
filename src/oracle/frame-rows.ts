/**
 * The stack frame of a subprog as rows of eight bytes with a meaning each, from the shape the image states. A
 * convention that lays its frames out otherwise states another shape, and gets another picture.
 */
import { MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Insn, Slots } from '../bpf/insn.ts';
import { type Program, targetOf } from '../bpf/program.ts';
import { CALLBACK_BYTES } from '../core/callback.ts';
import { type ArgPlace, FP_DEPTH, type FrameShape, type Image, type PrivateStack } from '../core/image.ts';
import { TIMER_SET_CALLBACK } from '../core/timer.ts';

/** What a word of a frame is for. */
export type FrameRole =
  /** The word above the last incoming argument; of main, where nothing may be changed. */
  | { readonly kind: 'canary' }
  /** Argument `position` of this subprog, or of the subprog it calls next. */
  | { readonly kind: 'incoming' | 'outgoing'; readonly position: number }
  | { readonly kind: 'return-address' }
  /** The caller's frame pointer. */
  | { readonly kind: 'saved-fp' }
  | { readonly kind: 'bpf-stack' }
  /** BPF stack outside of the frame: at r10 + fpOffset. */
  | { readonly kind: 'private-stack' }
  /** What a helper has between the frame of its caller and the function it calls. */
  | { readonly kind: 'helper' }
  /** A register of the caller's, by its number. */
  | { readonly kind: 'saved-reg'; readonly reg: number }
  /** Neither of these: what the JIT keeps there is its own. */
  | { readonly kind: 'own' };

/** Eight bytes at fp + `fpOffset`, the frame's own fp. */
export interface FrameRow {
  readonly role: FrameRole;
  readonly fpOffset: number;
}

const LINKS: ReadonlySet<FrameRole['kind']> = new Set(['canary', 'return-address', 'saved-fp', 'saved-reg']);

/** Whether a word is there for whoever called the subprog, and is none of its business. */
export const isLink = ({ kind }: FrameRole): boolean => LINKS.has(kind);

const WORD = 8;

/** From the highest address to the lowest; none for an image that does not state its frames. */
export function frameRows(program: Program, image: Image, subprog: number): FrameRow[] {
  const shape = image.frames?.[subprog];
  if (shape === undefined) return [];
  const returnAddress = shape.fpDepth ?? FP_DEPTH;
  const takes = image.args.bpf.slice(0, program.subprogs[subprog]?.args);
  const passed = argRows(takes, 'incoming', returnAddress + WORD);
  const top = passed[0]?.fpOffset ?? returnAddress;
  return [
    ...(subprog === 0 ? [{ role: { kind: 'canary' }, fpOffset: top + WORD } as const] : []),
    ...(isOnlyCalledBack(program, subprog) ? helperRows(top) : []),
    ...passed,
    { role: { kind: 'return-address' }, fpOffset: returnAddress },
    ...aboveFp(returnAddress),
    ...ownRows(shape, image.args.bpf),
    ...privateRows(shape.privateStack),
  ];
}

const privateRows = ({ depth }: PrivateStack = NO_STACK): FrameRow[] =>
  Array.from({ length: depth / WORD }, (_, i) => ({
    role: { kind: 'private-stack' },
    fpOffset: -WORD * (i + 1),
  }));
const NO_STACK: PrivateStack = { fp: 0n, depth: 0 };

/** Whether nobody but a helper calls a subprog: above its return address there is the helper's frame then. */
function isOnlyCalledBack({ insns, subprogs, callbacks = [] }: Program, subprog: number): boolean {
  const start = subprogs[subprog]?.start;
  const isUsed = (insn: Insn | undefined, pc: number): boolean =>
    (insn?.kind === 'call' || insn?.kind === 'lddw') && targetOf(pc, insn) === start;
  return (
    callbacks.includes(subprog) && insns.every((insn, pc) => !isUsed(insn, pc) || isForHelper(insns, pc))
  );
}

/** Whether an instruction takes the address that the next call has, which is none of bpf_timer_set_callback(). */
function isForHelper(insns: Slots, pc: number): boolean {
  if (insns[pc]?.kind !== 'lddw') return false;
  const call = insns.slice(pc).find((insn) => insn?.kind === 'call');
  return !(call?.kind === 'call' && call.target === 'helper' && call.imm === TIMER_SET_CALLBACK);
}

const helperRows = (below: number): FrameRow[] =>
  Array.from(
    { length: CALLBACK_BYTES / WORD },
    (_, i): FrameRow => ({
      role: { kind: 'helper' },
      fpOffset: below + WORD * (i + 1),
    }),
  ).reverse();

/** Between return address and fp, and at fp itself: the caller's fp where a prologue pushes it first. */
function aboveFp(returnAddress: number): FrameRow[] {
  if (returnAddress === FP_DEPTH) return [{ role: { kind: 'saved-fp' }, fpOffset: 0 }];
  return Array.from({ length: Math.max(returnAddress / WORD, 0) }, (_, i) => ({
    role: { kind: 'own' },
    fpOffset: returnAddress - WORD * (i + 1),
  }));
}

/** The rows below fp: BPF stack, saved registers, what the image does not name, outgoing arguments. */
function ownRows(
  { stackDepth, bytes, saved, savedAt = -stackDepth - WORD, outgoing, outgoingAt = -bytes }: FrameShape,
  places: readonly ArgPlace[],
): FrameRow[] {
  const outgoingRows = argRows(places, 'outgoing', outgoingAt).filter(
    ({ fpOffset }) => fpOffset < outgoingAt + outgoing,
  );
  const rows: FrameRow[] = [];
  for (let fpOffset = -WORD; fpOffset >= -bytes; fpOffset -= WORD) {
    const register = saved[(savedAt - fpOffset) / WORD];
    if (-fpOffset <= stackDepth) rows.push({ role: { kind: 'bpf-stack' }, fpOffset });
    else if (register !== undefined) rows.push({ role: { kind: 'saved-reg', reg: register }, fpOffset });
    else
      rows.push(outgoingRows.find((row) => row.fpOffset === fpOffset) ?? { role: { kind: 'own' }, fpOffset });
  }
  return rows;
}

/** Arguments 6 and on that travel in memory, counted from a place; the highest first. */
function argRows(places: readonly ArgPlace[], kind: 'incoming' | 'outgoing', from: number): FrameRow[] {
  return places
    .flatMap((place, i): FrameRow[] =>
      i < MAX_REG_ARGS || place.in === 'reg'
        ? []
        : [{ role: { kind, position: i + 1 }, fpOffset: from + WORD * place.index }],
    )
    .sort((a, b) => b.fpOffset - a.fpOffset);
}
