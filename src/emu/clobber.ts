/** What a callee may destroy, and does: psABI §3.2.1. rax holds its result. */
import type { ArgPlace } from '../core/image.ts';
import { clobberedArg, clobberedReg } from '../core/junk.ts';
import type { Gpr } from '../x86/reg.ts';
import { RFLAGS } from './engine.ts';
import type { TrackedMemory } from './guest-memory.ts';

/** rcx, rdx, rsi, rdi, r8..r11. */
export const CLOBBERED_GPRS: readonly Gpr[] = [1, 2, 6, 7, 8, 9, 10, 11];
/** CF PF AF ZF SF OF, and bit 1, which is always set; DF is clear. SDM 1 §3.4.3. */
export const CLOBBERED_FLAGS = 0x8d7;

/** What it leaves in the words of its arguments, by position. */
const CLOBBERED_WORDS: readonly bigint[] = Array.from({ length: 12 }, (_, i) => clobberedArg(i + 1));

const FLAGS = BigInt(CLOBBERED_FLAGS);
const LEFT = CLOBBERED_GPRS.map(clobberedReg);

/** All but rax. */
export function clobberRegisters(regs: BigUint64Array): void {
  for (let i = 0; i < LEFT.length; i++) regs[CLOBBERED_GPRS[i] as Gpr] = LEFT[i] as bigint;
  regs[RFLAGS] = FLAGS;
}

/** The words on the stack of its first `count` arguments; `rsp` is that at its entry. */
export function clobberArgs(
  memory: TrackedMemory,
  rsp: bigint,
  places: readonly ArgPlace[],
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const place = places[i];
    if (place?.in !== 'stack') continue;
    memory.write(rsp + BigInt(8 * (1 + place.index)), 8, CLOBBERED_WORDS[i] ?? clobberedArg(i + 1));
  }
}
