/**
 * What DPDK's prologue (emit_prolog() of bpf_jit_x86.c) tells of the frame:
 *
 *   sub rsp, 8 * saved        left out, with all the rest, where no callee-saved register is used
 *   mov [rsp + 8k], reg       once for each
 *   mov rbp, rsp              these two only where r10 is used
 *   sub rsp, stack
 */

export interface DpdkFrame {
  /** Bytes from rsp at entry down to rbp. */
  readonly fp: number;
  /** Bytes below rbp. */
  readonly stack: number;
  /** Whether rbp is r10. */
  readonly hasFp: boolean;
  /** Bytes of the prologue. */
  readonly end: number;
}

const REX_W = 0x48;
/** `sub rsp, imm8` and `sub rsp, imm32`, without REX: SDM `83 /5 ib`, `81 /5 id`. */
const SUB_IMM8 = 0x83;
const SUB_IMM32 = 0x81;
const SUB_RSP = 0xec;
/** `mov [rsp + disp8], reg`: REX 89 /r, SIB 24. */
const STORE = 0x89;
const SIB_RSP = 0x24;
const STORE_BYTES = 5;
/** `mov rbp, rsp`. */
const MOVE_BYTES = 3;

/** Reads the frame off the first instructions. */
export function frameOf(code: Uint8Array): DpdkFrame {
  const saved = subRsp(code, 0);
  if (saved === undefined) return { fp: 0, stack: 0, hasFp: false, end: 0 };
  const { bytes: fp } = saved;
  let at = saved.end;
  while (code[at + 1] === STORE && code[at + 3] === SIB_RSP) at += STORE_BYTES;
  const isFp = code[at] === REX_W && code[at + 1] === STORE && code[at + 2] === 0xe5;
  if (!isFp) return { fp, stack: 0, hasFp: false, end: at };
  const stack = subRsp(code, at + MOVE_BYTES);
  return { fp, stack: stack?.bytes ?? 0, hasFp: true, end: stack?.end ?? at };
}

/** Bytes of the one epilogue (emit_epilog()): the same the other way round, with `add rsp, imm8`, and `ret`. */
export const epilogueSize = ({ fp, hasFp }: DpdkFrame): number =>
  fp === 0 ? 1 : (hasFp ? MOVE_BYTES : 0) + (fp / 8) * STORE_BYTES + 4 + 1;

function subRsp(code: Uint8Array, at: number): { readonly bytes: number; readonly end: number } | undefined {
  if (code[at] !== REX_W || code[at + 2] !== SUB_RSP) return undefined;
  if (code[at + 1] === SUB_IMM8) return { bytes: code[at + 3] ?? 0, end: at + 4 };
  if (code[at + 1] !== SUB_IMM32) return undefined;
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  return code.length < at + 7 ? undefined : { bytes: view.getInt32(at + 3, true), end: at + 7 };
}
