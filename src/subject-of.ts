/** From a program to what an engine must know of it beside its image. */
import { THROW } from './bpf/exceptions.ts';
import type { Callee, Program } from './bpf/program.ts';
import { callsBack } from './core/callback.ts';
import { wordsIn } from './core/native.ts';
import { isTimerHelper } from './core/timer.ts';
import type { U64 } from './core/u64.ts';
import type { NativeCallee } from './emu/native-subject.ts';
import type { NativeSubject } from './emu/run-image.ts';
import { defaultAddressAt, type JitOptions } from './jit/compile.ts';
import { placesOf } from './oracle/native/psabi.ts';

/** What running an image of a program takes beside it. */
export function subjectOf(program: Program, { calleeAddress }: JitOptions = {}): NativeSubject {
  const { subprogs, data, progArrays, exceptionCallback } = program;
  const callees: NativeCallee[] = [];
  for (const ref of program.callees.values()) {
    const address = calleeAddress === undefined ? defaultAddressAt(callees.length) : calleeAddress(ref);
    callees.push(nativeCallee(program, ref, address));
  }
  return { subprogs, callees, data, progArrays, exceptionCallback };
}

function nativeCallee(program: Program, ref: Callee, address: U64): NativeCallee {
  const { exceptionCallback, callbacks, native } = program;
  const { kind, name, args, signature } = ref;
  return {
    ref,
    args,
    address,
    throws: exceptionCallback !== undefined && kind === 'kfunc' && name === THROW,
    callsBack: callbacks !== undefined && callsBack(ref),
    timer: callbacks !== undefined && native === undefined && isTimerHelper(ref),
    // Of a kfunc that takes or returns two words at once: by psABI, whatever the JIT makes of it.
    places: signature && placesOf(signature.args).flat(),
    returnsTwo: signature?.result !== undefined && wordsIn(signature.result) > 1,
  };
}
