/**
 * What passes over a program ask of its instructions, as bits of one number, told by the first word of each on the
 * wire without a branch: to ask its kind, then its fields, costs more than most of them do for it, as no processor
 * can predict the kinds of a program. `traitsOf` (uniform.ts) has those of any.
 */
import { CLASS_ALU, CLASS_ALU64, MOVSX_CODE, SOURCE_X } from './alu.ts';
import { CALL_CODE, CLASS_JMP, CLASS_JMP32, EXIT_CODE, JCOND_CODE } from './jump.ts';
import { ACCESS_MODE, CLASS_LDX, CLASS_ST, CLASS_STX, MODE } from './load-store.ts';

// Bits 0..15: the registers that dst and src name; r0 where a kind has no such field, and an lddw's src or a call's
// may be another thing's number.

/** ja, jcc, may_goto */
export const JUMPS = 1 << 16;
export const EXITS = 1 << 17;
/** call, callx */
export const CALLS = 1 << 18;
/** atomic */
export const ATOMIC = 1 << 19;
/** ldx */
export const LOADS = 1 << 20;
/** st, stx */
export const STORES = 1 << 21;
/** The verifier makes something else of some of them: divisions, atomics, may_goto. */
export const MAY_BE_REWRITTEN = 1 << 22;
/** Some of them the verifier has made: accesses with an `access`, casts (movsx looks as these do). */
export const BY_VERIFIER = 1 << 23;
/** Any instruction at all: the highest bit there is, so that shifted by INSN_SHIFT they are counted. */
export const INSN_SHIFT = 30;
export const INSN = 1 << INSN_SHIFT;

const DIV_CODE = 0x3;
const MOD_CODE = 0x9;

function ofArithmetic(opcode: number, hasOff: boolean): number {
  const code = opcode >> 4;
  if (code === DIV_CODE || code === MOD_CODE) return MAY_BE_REWRITTEN;
  return hasOff && opcode === ((MOVSX_CODE << 4) | SOURCE_X | CLASS_ALU64) ? BY_VERIFIER : 0;
}

function ofJump(opcode: number): number {
  const code = opcode >> 4;
  if (code === CALL_CODE) return CALLS;
  if (code === EXIT_CODE) return EXITS;
  return code === JCOND_CODE ? JUMPS | MAY_BE_REWRITTEN : JUMPS;
}

function ofStore(mode: number): number {
  if (mode === MODE.atomic) return ATOMIC | MAY_BE_REWRITTEN;
  if (mode === ACCESS_MODE.arena.atomic) return ATOMIC | MAY_BE_REWRITTEN | BY_VERIFIER;
  return mode === MODE.mem ? STORES : STORES | BY_VERIFIER;
}

/** `hasOff`: whether its off is not 0. */
function ofOpcode(opcode: number, hasOff: boolean): number {
  const mode = opcode & 0xe0;
  switch (opcode & 7) {
    case CLASS_ALU:
    case CLASS_ALU64:
      return ofArithmetic(opcode, hasOff);
    case CLASS_JMP:
    case CLASS_JMP32:
      return ofJump(opcode);
    case CLASS_LDX:
      return mode === MODE.mem || mode === MODE.memsx ? LOADS : LOADS | BY_VERIFIER;
    case CLASS_ST:
    case CLASS_STX:
      return ofStore(mode);
    default:
      return 0;
  }
}

/** By opcode byte, without and with an off. */
const TRAITS = Int32Array.from({ length: 512 }, (_, at) => INSN | ofOpcode(at & 0xff, at > 0xff));

/** Of the first word of an instruction on the wire. */
export const traitsOfWord = (word: number): number =>
  (TRAITS[(word & 0xff) | ((-(word >>> 16) >>> 31) << 8)] as number) |
  (1 << ((word >> 8) & 15)) |
  (1 << ((word >> 12) & 15));
