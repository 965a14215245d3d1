/**
 * The frame of a trampoline, as Linux lays it out; what is in brackets is there for some kinds alone:
 *
 *   high   [rbp + 24 + 8k]      stack word k of native code, behind two return addresses: entered by a patched call
 *          [rbp + 16 + 8k]      the same, behind one: entered by a jump or through a pointer
 *          [rbp + 8]            return address
 *          [rbp]                saved rbp
 *          [rbp - 8]            [what the traced function or the program returned; of two words the second]
 *          [rbp - 16]           [of two words the first]
 *          8n bytes             words of arguments, the first one lowest: what the program gets a pointer to
 *          8 bytes              their number
 *          8 bytes              rbx
 *          16 bytes             struct bpf_tramp_run_ctx
 *   low    [rsp + 8k]           [stack word k for the traced function, so that rsp is a multiple of 16 when it is called]
 */
import { type NativeProto, wordsIn } from '../../core/native.ts';
import { type ArgWord, argWords, stackWords } from '../native-args.ts';

const WORD = 8;
const RUN_CTX_BYTES = 16;

export interface TrampolineFrame {
  readonly words: readonly ArgWord[];
  /** Whether the trampoline calls the traced function itself. */
  readonly callsOriginal: boolean;
  /** Words kept of a result. */
  readonly resultWords: number;
  /** From rbp up to the first stack word of native code. */
  readonly stackArgs: number;
  /** Offsets below rbp. */
  readonly array: number;
  readonly count: number;
  readonly rbx: number;
  readonly runCtx: number;
  /** From rbp down to rsp. */
  readonly bytes: number;
}

/** Return addresses above the frame. */
const isCalled = ({ attach }: NativeProto): boolean => attach === 'fentry' || attach === 'fexit';

export function layOutTrampoline(proto: NativeProto): TrampolineFrame {
  const words = argWords(proto.args);
  const callsOriginal = proto.attach === 'fexit' || proto.attach === 'fexit-jmp';
  const resultWords = resultWordsOf(proto, callsOriginal);
  const array = WORD * (resultWords + words.length);
  const count = array + WORD;
  const rbx = count + WORD;
  const runCtx = rbx + RUN_CTX_BYTES;
  const passed = callsOriginal ? stackWords(words) : 0;
  return {
    words,
    callsOriginal,
    resultWords,
    stackArgs: isCalled(proto) ? 24 : 16,
    array,
    count,
    rbx,
    runCtx,
    bytes: passed === 0 ? runCtx : aligned(runCtx + WORD * passed, isCalled(proto)),
  };
}

/** With rbp and one or two return addresses it is a multiple of 16. */
function aligned(bytes: number, isBehindTwo: boolean): number {
  const above = isBehindTwo ? 3 * WORD : 2 * WORD;
  return (bytes + above) % 16 === 0 ? bytes : bytes + WORD;
}

function resultWordsOf({ attach, result }: NativeProto, callsOriginal: boolean): number {
  if (callsOriginal) return result === undefined ? 1 : wordsIn(result);
  return attach === 'struct_ops' ? 1 : 0;
}
