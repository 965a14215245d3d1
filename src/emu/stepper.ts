/** Shows the state before each instruction of an image, for lock-step runs: RunImageOptions.onStep. */
import type { StackBytes, Word } from '../core/execution.ts';
import type { ArgPlace, Image } from '../core/image.ts';
import type { NativeStep } from '../core/step.ts';
import { R9, RSP } from '../x86/reg.ts';
import { type Cpu, REG_FILE_WORDS, RFLAGS } from './engine.ts';
import type { ExtentMemory } from './guest-memory.ts';

const DIRECTION_FLAG = 10n;
/** First argument that may travel on the stack, less one. */
const REG_ARGS = 5;
/** r10, in BPF's numbers. */
const FP = 10;
/** From fp up to the word that was at [rsp + 8] on entry: saved rbp and return address. */
const LINK_BYTES = 16;
/** Most bytes of BPF stack a frame can have. */
const FRAME_BYTES = 512;

/** What a step shows beside registers. */
export interface StepSources {
  readonly image: Image;
  readonly memory: ExtentMemory;
  /** Context, then data sections. */
  readonly regions: () => readonly { readonly bytes: Uint8Array }[];
}

/** Makes the engine's onInsn out of an onStep. */
export function stepper(
  { image, memory, regions }: StepSources,
  onStep: (step: NativeStep) => boolean,
): (address: number, cpu: Cpu) => void {
  const regs = new BigUint64Array(REG_FILE_WORDS);
  const base = Number(image.base);
  const native = (bpf: number): Word => regs[image.regs?.[bpf] ?? -1];
  const rsp = (): bigint => regs[RSP] ?? 0n;
  const nativeFp = (): bigint => native(FP) ?? 0n;
  const isPrivate = (offset: number): boolean =>
    image.frames?.[subprogOf(image, offset)]?.privateStack !== undefined;
  const argument = (place: ArgPlace | undefined, stackBase: bigint): Word => {
    if (place === undefined) return undefined;
    return place.in === 'reg' ? regs[place.reg] : memory.read(stackBase + BigInt(8 * place.index), 8);
  };
  const outgoingArea = (offset: number): bigint => {
    const at = image.frames?.[subprogOf(image, offset)]?.outgoingAt;
    return at === undefined ? rsp() : nativeFp() + BigInt(at);
  };
  const stack = (fp: bigint): StackBytes | null => {
    const address = fp - BigInt(FRAME_BYTES);
    const bytes = memory.copy(address, FRAME_BYTES);
    return bytes === undefined ? null : { address, bytes };
  };
  const hasPrivate = image.frames?.some(({ privateStack }) => privateStack !== undefined) === true;
  return (address, cpu) => {
    const offset = address - base;
    if (offset < 0 || offset >= image.code.length) return;
    cpu.readRegs(regs);
    const fp = hasPrivate && isPrivate(offset) ? regs[R9] : native(FP);
    const goOn = onStep({
      offset,
      rsp: rsp(),
      directionFlag: ((regs[RFLAGS] ?? 0n) >> DIRECTION_FLAG) % 2n === 1n,
      reg: (bpf) => (bpf === FP ? fp : native(bpf)),
      outgoing: (slot) => argument(image.args.bpf[REG_ARGS + slot], outgoingArea(offset)),
      incoming: (slot) => argument(image.args.bpf[REG_ARGS + slot], nativeFp() + BigInt(LINK_BYTES)),
      stack: () => stack(fp ?? 0n),
      memory: regions,
      gpr: (number) => regs[number] ?? 0n,
      word: (at) => memory.read(at, 8),
    });
    if (!goOn) cpu.stop();
  };
}

/** The subprog whose code an offset lies in: the last one that starts before it. */
const subprogOf = ({ subprogEntries }: Image, offset: number): number =>
  subprogEntries.findLastIndex((start) => start <= offset);
