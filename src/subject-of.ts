/** From a program to what an engine must know of it beside its image. */
import { THROW } from './bpf/exceptions.ts';
import type { Callee, Program } from './bpf/program.ts';
import { callsBack } from './core/callback.ts';
import { type Signature, wordsIn } from './core/native.ts';
import { isTimerHelper } from './core/timer.ts';
import type { U64 } from './core/u64.ts';
import type { NativeCallee } from './emu/native-subject.ts';
import type { NativeSubject } from './emu/run-image.ts';
import { defaultAddresses, type JitOptions } from './jit/compile.ts';
import { placesOf } from './oracle/native/psabi.ts';

/** What running an image of a program takes beside it. */
export function subjectOf(
  program: Program,
  { calleeAddress = defaultAddresses(program) }: JitOptions = {},
): NativeSubject {
  return {
    subprogs: program.subprogs,
    callees: [...program.callees.values()].map((ref) => nativeCallee(program, ref, calleeAddress(ref))),
    data: program.data,
    ...(program.progArrays === undefined ? {} : { progArrays: program.progArrays }),
    ...(program.exceptionCallback === undefined ? {} : { exceptionCallback: program.exceptionCallback }),
  };
}

/** Of a kfunc that takes or returns two words at once: by psABI, whatever the JIT makes of it. */
function typedPlaces({ args, result }: Signature): Pick<NativeCallee, 'places' | 'returnsTwo'> {
  return { places: placesOf(args).flat(), returnsTwo: result !== undefined && wordsIn(result) > 1 };
}

function nativeCallee(program: Program, ref: Callee, address: U64): NativeCallee {
  const { exceptionCallback, callbacks, native } = program;
  const callee = {
    ref,
    args: ref.args,
    address,
    throws: exceptionCallback !== undefined && ref.kind === 'kfunc' && ref.name === THROW,
    callsBack: callbacks !== undefined && callsBack(ref),
    timer: callbacks !== undefined && native === undefined && isTimerHelper(ref),
  };
  return ref.signature === undefined ? callee : { ...callee, ...typedPlaces(ref.signature) };
}
