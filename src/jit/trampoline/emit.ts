/**
 * The code of a trampoline: `__arch_prepare_bpf_trampoline()` of arch/x86/net/bpf_jit_comp.c, of one program, without
 * session cookies, without the address of the traced function, and without its own count of tail calls.
 */
import {
  type NativePlace,
  type NativeProto,
  PROG_POINTER,
  TRAMP_POINTER,
  type TrampolineStep,
} from '../../core/native.ts';
import { type Assembler, fitsInt8 } from '../../x86/assembler.ts';
import { ADD, CALL_REL32, JCC, LEA, LEAVE, MOV, PUSH_R64, RET, SUB, TEST } from '../../x86/forms.ts';
import { type Gpr, RAX, RBP, RBX, RDI, RDX, RSI, RSP } from '../../x86/reg.ts';
import { load, store } from '../lower/memory.ts';
import { movReg64, movSigned, movWide } from '../lower/move.ts';
import type { TrampolineFrame } from './frame.ts';
import type { TrampolineParts } from './parts.ts';

const WORD = 8;
/** Of the call at the entry of a traced function, which is patched away while no program is attached. */
const PATCH_BYTES = 5;

/** Where the trampoline and its callees lie. */
export interface TrampolineLinks {
  readonly asm: Assembler;
  /** Offsets from where `asm` counts. */
  readonly callees: ReadonlyMap<NativePlace, number>;
}

/** Emits it at the end of `asm`, and returns where each of its steps begins. */
export function emitTrampoline(
  proto: NativeProto,
  frame: TrampolineFrame,
  parts: TrampolineParts,
  links: TrampolineLinks,
): TrampolineStep[] {
  const tramp = new Emitter(frame, parts, links);
  tramp.enter();
  tramp.saveArguments();
  if (frame.callsOriginal) {
    tramp.callWith('tramp-enter', TRAMP_POINTER);
    tramp.callOriginal();
  }
  tramp.runProgram(proto.attach === 'struct_ops');
  // The traced function goes on with its arguments.
  if (proto.attach === 'fentry') tramp.restoreRegisters();
  if (frame.callsOriginal) tramp.callWith('tramp-exit', TRAMP_POINTER);
  tramp.leave(proto.attach === 'fexit');
  return tramp.steps;
}

class Emitter {
  readonly steps: TrampolineStep[] = [];
  readonly #frame: TrampolineFrame;
  readonly #parts: TrampolineParts;
  readonly #links: TrampolineLinks;

  constructor(frame: TrampolineFrame, parts: TrampolineParts, links: TrampolineLinks) {
    this.#frame = frame;
    this.#parts = parts;
    this.#links = links;
  }

  enter(): void {
    const { asm, frame } = this.#begin('entry');
    asm.o(PUSH_R64, RBP);
    asm.mr(MOV.rm64_r64, RBP, RSP);
    asm.mi(fitsInt8(frame.bytes) ? SUB.rm64_imm8 : SUB.rm64_imm32, RSP, frame.bytes);
    store(asm, WORD, RBP, -frame.rbx, RBX);
    this.#begin('count');
    movSigned(asm, RAX, frame.words.length);
    store(asm, WORD, RBP, -frame.count, RAX);
  }

  saveArguments(): void {
    this.#frame.words.forEach((word, index) => {
      const { asm, frame } = this.#begin('save', { index });
      this.#parts.saveWord(asm, frame, word, index);
    });
  }

  restoreRegisters(): void {
    this.#frame.words.forEach((word, index) => {
      if (word.in === 'stack') return;
      const { asm, frame } = this.#begin('restore', { index });
      this.#parts.restoreWord(asm, frame, word, index);
    });
  }

  callOriginal(): void {
    this.restoreRegisters();
    for (const word of this.#frame.words) {
      if (word.in === 'reg') continue;
      const { asm, frame } = this.#begin('restack', { index: word.index });
      this.#parts.restackWord(asm, frame, word);
    }
    this.#begin('call', { callee: 'original' });
    this.#call('original');
    const { asm, frame } = this.#begin('result');
    this.#parts.saveResult(asm, frame);
    asm.nops(PATCH_BYTES);
  }

  /** Calls a function of the kernel with one argument. */
  callWith(callee: NativePlace, argument: bigint): void {
    const { asm } = this.#begin('call', { callee });
    movWide(asm, RDI, argument);
    this.#call(callee);
  }

  /** `invoke_bpf_prog()`; no program has a cookie. */
  runProgram(keepsResult: boolean): void {
    const { asm, frame } = this.#begin('call', { callee: 'prog-enter' });
    movSigned(asm, RDI, 0);
    store(asm, WORD, RBP, -frame.runCtx, RDI);
    movWide(asm, RDI, PROG_POINTER);
    this.#address(RSI, -frame.runCtx);
    this.#call('prog-enter');
    movReg64(asm, RBX, RAX);
    asm.mr(TEST.rm64_r64, RAX, RAX);
    asm.rel(JCC.e.rel8, 0);
    const skip = asm.length;
    this.#begin('call', { callee: 'program' });
    this.#address(RDI, -frame.array);
    this.#call('program');
    if (keepsResult) store(asm, WORD, RBP, -WORD, RAX);
    asm.patch8(skip - 1, asm.length - skip);
    this.#begin('call', { callee: 'prog-exit' });
    movWide(asm, RDI, PROG_POINTER);
    movReg64(asm, RSI, RBX);
    this.#address(RDX, -frame.runCtx);
    this.#call('prog-exit');
  }

  leave(skipsTraced: boolean): void {
    const { asm, frame } = this.#begin('leave');
    if (frame.resultWords > 0) this.#parts.loadResult(asm, frame);
    load(asm, WORD, RBX, RBP, -frame.rbx);
    asm.none(LEAVE);
    if (skipsTraced) asm.mi(ADD.rm64_imm8, RSP, WORD);
    asm.none(RET);
  }

  #begin(
    what: TrampolineStep['what'],
    more: Pick<TrampolineStep, 'index' | 'callee'> = {},
  ): { readonly asm: Assembler; readonly frame: TrampolineFrame } {
    const { asm } = this.#links;
    this.steps.push({ offset: asm.length, what, ...more });
    return { asm, frame: this.#frame };
  }

  #address(gpr: Gpr, offset: number): void {
    this.#links.asm.mem(LEA, RBP, offset, gpr);
  }

  #call(callee: NativePlace): void {
    const { asm, callees } = this.#links;
    asm.rel(CALL_REL32, 0);
    asm.patch32(asm.length - 4, (callees.get(callee) as number) - asm.length);
  }
}
