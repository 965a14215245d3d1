/** What a run begins with: registers, what lies on the stack, and faults it goes on after. */
import type { Input } from '../core/env.ts';
import { CTX_BASE, ENTRY_RSP } from '../core/layout.ts';
import type { U64 } from '../core/u64.ts';
import { RDI, RSI, RSP } from '../x86/reg.ts';
import { RFLAGS, type RunRequest } from './engine.ts';
import type { TrackedMemory } from './guest-memory.ts';
import type { ImageTables } from './image-tables.ts';
import { JUNK_REGS } from './native-outcome.ts';

/** Bit 1 is always set; all else, DF too, is clear. */
export const CLEAN_FLAGS = 2n;
const WORD = 8n;

/**
 * Puts the return address and what native code passes on the stack there, and the registers that main or a trampoline is
 * entered with into `regs`, which it returns.
 */
export function enter(
  regs: BigUint64Array,
  input: Input,
  guest: TrackedMemory,
  returnTo: U64,
): BigUint64Array {
  setRegs(regs, input);
  const rsp = regs[RSP] ?? 0n;
  guest.write(rsp, 8, returnTo);
  for (const [k, word] of input.native?.call.stack.entries() ?? [])
    guest.write(rsp + WORD * BigInt(k + 1), 8, word);
  return regs;
}

function setRegs(regs: BigUint64Array, { memory, native }: Input): void {
  regs.set(JUNK_REGS);
  if (native === undefined) {
    regs[RDI] = memory.length === 0 ? 0n : CTX_BASE;
    regs[RSI] = BigInt(memory.length);
  }
  for (const [gpr, value] of native?.call.regs ?? []) regs[gpr] = value;
  regs[RSP] = native?.rsp ?? ENTRY_RSP - WORD;
  regs[RFLAGS] = CLEAN_FLAGS;
}

/** Goes on by the exception table, if there is one. */
export function onFaultOf({ fixups }: ImageTables): Pick<RunRequest, 'onFault'> {
  if (fixups.size === 0) return {};
  return {
    onFault: (rip, cpu) => {
      const fixup = fixups.get(rip);
      if (fixup !== undefined && fixup.clear !== null) cpu.setReg(fixup.clear, 0n);
      return fixup?.resume;
    },
  };
}
