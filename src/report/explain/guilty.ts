/** The native code that is at fault. */
import { isThrow } from '../../bpf/exceptions.ts';
import { type Program, subprogAt, targetOf } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import { type Piece, pieceAt, piecesOf } from '../../core/pieces.ts';
import type { Culprit } from '../../oracle/locate.ts';
import { disassemblePiece } from '../native.ts';

/** The subprog whose prologue or epilogue it is, or that holds the instruction. */
export function guiltySubprog(program: Program, { pc, stage, callee }: Culprit): number {
  if (callee !== undefined) return callee;
  if (pc === null) return 0;
  const insn = program.insns[pc];
  if (stage === 'prologue' && insn?.kind === 'call' && isThrow(program, insn))
    return program.exceptionCallback;
  const target = stage === 'prologue' && insn !== undefined ? targetOf(pc, insn) : undefined;
  return subprogAt(program, target ?? pc).index;
}

/**
 * Pieces of the image: a prologue, the code of one instruction; of an EXIT that jumps to the code of another one,
 * both.
 */
export function guiltyPieces(program: Program, image: Image, culprit: Culprit): Piece[] {
  const { pc, stage, offset } = culprit;
  const pieces = piecesOf(image);
  if (stage === 'prologue') {
    const subprog = guiltySubprog(program, culprit);
    return pieces.filter((piece) => piece.subprog === subprog);
  }
  const own = pc === null ? undefined : pieces.find((piece) => piece.pc === pc);
  if (own === undefined) {
    const around = pieceAt(image, offset);
    return around === undefined ? [] : [around];
  }
  if (stage !== 'epilogue' || pc === null || !jumps(image, own)) return [own];
  const shared = pieces.find((piece) => piece.pc === epilogueOf(program, pc));
  return shared === undefined || shared.pc === own.pc ? [own] : [own, shared];
}

/** Whether a piece is a jump. */
const jumps = (image: Image, piece: Piece): boolean =>
  disassemblePiece(image, piece, 'att')[0]?.text.startsWith('jmp') === true;

/** The first EXIT of a subprog is its epilogue. */
function epilogueOf(program: Program, pc: number): number {
  const { start, end } = subprogAt(program, pc);
  for (let at = start; at < end; at++) if (program.insns[at]?.kind === 'exit') return at;
  return pc;
}
