/** What a convention is to the JIT: where arguments 6..12 are, and the code that puts and gets them. */
import { MAX_ARGS, MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import type { ArgPlace, ArgPlaces } from '../../core/image.ts';
import { argPlaces } from '../../x86/sysv.ts';
import type { LowerContext } from '../lower/context.ts';

/** How a convention lowers stack arguments, and where they are at a callee's entry. */
export interface Convention {
  readonly name: string;
  /** Whether a frame may hold stack arguments and the count of tail calls. */
  readonly tailCalls: boolean;
  /** Whether a subprog may have stack arguments and a private stack. */
  readonly privateStack: boolean;
  /** Whether kfuncs may take arguments of two words: argument 6 is in r9, 7 and on lie from rsp up before a call. */
  readonly typedKfuncs: boolean;
  readonly storeArg: (context: LowerContext, insn: StxInsn) => void;
  readonly storeArgImm: (context: LowerContext, insn: StInsn) => void;
  readonly loadArg: (context: LowerContext, insn: LdxInsn) => void;
  readonly places: ArgPlaces;
}

/** Six arguments in registers, the others on the stack. */
export const NATIVE_PLACES: readonly ArgPlace[] = argPlaces(MAX_ARGS);
/** As many in registers as BPF has registers for; argument 6 is the first on the stack. */
export const BPF_REG_PLACES: readonly ArgPlace[] = NATIVE_PLACES.map((place, k) =>
  k < MAX_REG_ARGS ? place : { in: 'stack', index: k - MAX_REG_ARGS },
);
