/**
 * What `bpf_throw` does (linux f18b03fabaa9, `bpf_stack_walker()`): walks up the frames by rbp, as Linux's unwinder does
 * for code of a JIT, until it comes to code of main, the exception boundary; then calls the exception callback.
 */
import { badInput } from '../core/errors.ts';
import type { ExceptionStack, Image } from '../core/image.ts';
import { clobberedReg } from '../core/junk.ts';
import type { U64 } from '../core/u64.ts';
import { RBP, RDI, RDX, RSI, RSP } from '../x86/reg.ts';
import { CALLEE_SAVED } from '../x86/sysv.ts';
import { clobberRegisters } from './clobber.ts';
import type { TrackedMemory } from './guest-memory.ts';
import type { NativeSubject } from './native-subject.ts';
import type { ReadWord } from './shadow-stack.ts';

/** Where a program that throws goes on. */
export interface Exceptions {
  /** Index of the callback, and its address. */
  readonly callback: number;
  readonly entry: U64;
  readonly stack: ExceptionStack;
  /** First bytes of subprogs, ascending, and the end of the last one. */
  readonly bounds: readonly { readonly from: U64; readonly subprog: number }[];
  readonly end: U64;
}

/** Frames walked before the chain of rbp counts as broken: more than a program can have. */
const MAX_FRAMES = 16;
const WORD = 8n;

/** Undefined for a program that does not throw. Throws an `input` error for an image that says nothing of exceptions. */
export function exceptionsOf(
  image: Image,
  { exceptionCallback, callees }: NativeSubject,
): Exceptions | undefined {
  const { base, code, subprogEntries, exceptionStack, trampoline } = image;
  if (exceptionCallback === undefined || !callees.some(({ throws }) => throws === true)) return undefined;
  if (exceptionStack === undefined) {
    const why = 'it does not say what an exception callback is passed';
    throw badInput('run image', `image of ${image.jit}`, why);
  }
  const entry = subprogEntries[exceptionCallback] ?? 0;
  return {
    callback: exceptionCallback,
    entry: base + BigInt(entry),
    stack: exceptionStack,
    bounds: subprogEntries
      .map((from, subprog) => ({ from: base + BigInt(from), subprog }))
      .sort((a, b) => Number(a.from - b.from)),
    end: base + BigInt(trampoline?.start ?? code.length),
  };
}

/**
 * Puts the callback in the place of the return address, and what it is called with in registers. Where the chain of
 * frames is broken, address 0, as in a kernel. All else is junk, callee-saved registers too: `bpf_throw` never returns.
 */
export function enterCallback(
  exceptions: Exceptions,
  regs: BigUint64Array,
  cookie: U64,
  memory: TrackedMemory,
): void {
  const boundary = unwind(exceptions, regs, (address) => memory.read(address, 8));
  memory.write(regs[RSP] ?? 0n, 8, boundary === undefined ? 0n : exceptions.entry);
  clobberRegisters(regs);
  for (const gpr of CALLEE_SAVED) regs[gpr] = clobberedReg(gpr);
  [regs[RDI], regs[RSI], regs[RDX]] = [cookie, boundary?.sp ?? 0n, boundary?.bp ?? 0n];
}

/** What the callback is called with beside the cookie: rsi and rdx. Undefined where the walk gets lost. */
function unwind(
  exceptions: Exceptions,
  regs: BigUint64Array,
  read: ReadWord,
): { readonly sp: U64; readonly bp: U64 } | undefined {
  const { stack } = exceptions;
  let rsp = regs[RSP] ?? 0n;
  let bp = regs[RBP] ?? 0n;
  let ip = read(rsp);
  rsp += WORD;
  for (let frames = 0; frames < MAX_FRAMES && ip !== undefined; frames++) {
    const subprog = subprogOf(exceptions, ip);
    if (subprog === undefined) return undefined;
    if (subprog === 0) return { sp: (stack.from === 'rsp' ? rsp : bp) + BigInt(stack.adjust), bp };
    rsp = bp + 2n * WORD;
    ip = read(bp + WORD);
    bp = read(bp) ?? 0n;
  }
  return undefined;
}

function subprogOf({ bounds, end }: Exceptions, ip: U64): number | undefined {
  if (ip > end) return undefined;
  // A call may be the last instruction of its subprog: its return address is behind it.
  return bounds.findLast(({ from }) => from < ip)?.subprog;
}
