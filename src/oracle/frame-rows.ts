/**
 * The stack frame of a subprog as rows of eight bytes with a meaning each, from the shape the image states. A
 * convention that lays its frames out otherwise states another shape, and gets another picture.
 */
import { MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import { type ArgPlace, FP_DEPTH, type FrameShape, type Image, type PrivateStack } from '../core/image.ts';

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
  /** A register of the caller's, by its number. */
  | { readonly kind: 'saved-reg'; readonly reg: number }
  /** Neither of these: what the JIT keeps there is its own. */
  | { readonly kind: 'own' };

/** Eight bytes at fp + `fpOffset`. */
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
  if (shape.privateStack !== undefined) return privateRows(shape.privateStack);
  const returnAddress = shape.fpDepth ?? FP_DEPTH;
  const takes = image.args.bpf.slice(0, program.subprogs[subprog]?.args);
  const passed = argRows(takes, 'incoming', returnAddress + WORD);
  const top = passed[0]?.fpOffset ?? returnAddress;
  return [
    ...(subprog === 0 ? [{ role: { kind: 'canary' }, fpOffset: top + WORD } as const] : []),
    ...passed,
    { role: { kind: 'return-address' }, fpOffset: returnAddress },
    ...aboveFp(returnAddress),
    ...ownRows(shape, image.args.bpf),
  ];
}

/** Of a subprog with a private stack its words are shown, for r10 points there; what else its frame has is not. */
const privateRows = ({ depth }: PrivateStack): FrameRow[] =>
  Array.from({ length: depth / WORD }, (_, i) => ({
    role: { kind: 'bpf-stack' },
    fpOffset: -WORD * (i + 1),
  }));

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
