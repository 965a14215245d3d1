/**
 * Code whose 32-bit cmpxchgs need no cure (cmpxchg32.ts), though their bytes are in it. Where one instruction is hooked,
 * libunicorn translates all others more slowly, by a tenth of a usual run; compilers write cmpxchg mostly so:
 *
 *   again:  mov   eax, [mem]          rax[63:32] is 0
 *           mov   r11d, eax           registers from r8 on alone
 *           and   r11d, src
 *           lock cmpxchg [mem], r11d  whether it succeeds or not, rax[63:32] stays 0
 *           jne   again
 */
import { plainLength } from '../x86/plain-length.ts';
import { isPrefix, isRexW } from '../x86/prefixes.ts';
import type { HookRange } from './cmpxchg32.ts';
import { displacement, type InsnRow, insnRow, LOCK, TWO_BYTES, usualLength } from './insn-row.ts';

/** `jne rel8`, and the second byte of `jne rel32`. */
const JNE = { rel8: 0x75, rel32: 0x85 } as const;
const LOAD = 0x8b;
/** `op r/m, r`: mov, and, or, xor. */
const FROM_REGISTER = [0x89, 0x21, 0x09, 0x31];

/**
 * Where such code must not be entered, but by what comes before, for this to hold; null if it is to be hooked. Direct
 * branches and `entries` do not enter it there. `row`: if the last one made is of this code and these entries.
 */
export function harmlessCmpxchgs(
  code: Uint8Array,
  entries: readonly number[],
  row = insnRow(code, entries, () => false),
): HookRange[] | null {
  if (row === null) return null;
  const inner: HookRange[] = [];
  for (let at = code.indexOf(TWO_BYTES); at >= 0; at = code.indexOf(TWO_BYTES, at + 1)) {
    if (code[at + 1] !== 0xb1) continue;
    let start = at;
    while (row.starts[start] !== 1) start--;
    const first = mayBeOne(code, start, at) ? loopOf(code, row, start) : start;
    if (first === null) return null;
    if (first < at) inner.push({ first: first + 1, last: at });
  }
  return inner;
}

/** Whether the instruction at `start` may be a cmpxchg of 32 bits with its opcode at `opcode`; its bytes may be part of another one. */
function mayBeOne(code: Uint8Array, start: number, opcode: number): boolean {
  if (opcode > start && isRexW(code[opcode - 1] as number)) return false;
  for (let at = start; at < opcode; at++) if (!isPrefix(code[at] as number)) return false;
  return true;
}

/** Where the loop around the cmpxchg at `start` begins, if it is one as above and entered there alone; else null. */
function loopOf(code: Uint8Array, { starts, targets }: InsnRow, start: number): number | null {
  const length = code[start] === LOCK ? usualLength(code, start) : 0;
  const again = length === 0 ? null : jneTarget(code, start + length);
  if (again === null || again < 0 || again >= start || starts[again] !== 1) return null;
  if (!isLoadOfEax(code, again)) return null;
  let at = again + plainLength(code, again);
  while (at < start && isToHighRegister(code, at)) at += plainLength(code, at);
  if (at !== start || targets.some((target) => target > again && target <= start)) return null;
  return again;
}

function jneTarget(code: Uint8Array, at: number): number | null {
  if (code[at] === JNE.rel8) return at + 2 + displacement(code, at + 1, 1);
  if (code[at] === TWO_BYTES && code[at + 1] === JNE.rel32) return at + 6 + displacement(code, at + 2, 4);
  return null;
}

/** `mov eax, r/m32`: REX, if there is one, has neither W nor R. */
function isLoadOfEax(code: Uint8Array, start: number): boolean {
  const first = code[start] as number;
  const at = (first & 0xfc) === 0x40 ? start + 1 : start;
  return code[at] === LOAD && ((code[at + 1] as number) & 0x38) === 0 && plainLength(code, start) > 0;
}

/** One of registers alone, REX.B set: it writes none but r8..r15. */
const isToHighRegister = (code: Uint8Array, at: number): boolean =>
  ((code[at] as number) & 0xf1) === 0x41 &&
  FROM_REGISTER.includes(code[at + 1] as number) &&
  (code[at + 2] as number) >= 0xc0;
