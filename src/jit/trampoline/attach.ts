/**
 * Puts a trampoline before a program: the image of any JIT, with what native code calls behind it.
 *
 *   0                     the program's image
 *   16-byte slots         `ret`s in the place of the functions of the kernel that a trampoline calls
 *   16-byte slot          the traced function: its patched entry, then a `ret` in the place of its body
 *   ...                   the trampoline
 */
import type { Image } from '../../core/image.ts';
import type { NativePlace, NativeProto, Trampoline } from '../../core/native.ts';
import { Assembler } from '../../x86/assembler.ts';
import { CALL_REL32, ENDBR64, JMP, RET } from '../../x86/forms.ts';
import { emitTrampoline } from './emit.ts';
import type { TrampolineFrame } from './frame.ts';
import { TRAMPOLINE, type TrampolineParts } from './parts.ts';

export interface TrampolineOptions {
  /** endbr64 at the entry of the traced function. @defaultValue false */
  readonly endbr?: boolean;
  /** @defaultValue as Linux's */
  readonly parts?: TrampolineParts;
}

const SLOT = 16;
const INT3 = 0xcc;
const KERNEL: readonly NativePlace[] = ['prog-enter', 'prog-exit', 'tramp-enter', 'tramp-exit'];

/** The image with native code's way into it: `entry` is what native code calls. */
export function withTrampoline(
  image: Image,
  proto: NativeProto,
  { endbr = false, parts = TRAMPOLINE }: TrampolineOptions = {},
): Image {
  const asm = new Assembler();
  asm.raw(image.code);
  align(asm);
  const stubs = new Map<NativePlace, number>();
  for (const name of KERNEL) {
    stubs.set(name, asm.length);
    asm.none(RET);
    align(asm);
  }
  const traced = proto.attach === 'struct_ops' ? undefined : tracedFunction(asm, proto, endbr);
  if (traced !== undefined) stubs.set('original', traced.body);
  const offset = asm.length;
  if (traced !== undefined) asm.patch32(traced.patch, offset - (traced.patch + 4));
  if (traced === undefined && endbr) asm.none(ENDBR64);
  const frame = parts.layOut(proto);
  const callees = new Map([...stubs, ['program', image.entry] as const]);
  const steps = emitTrampoline(proto, frame, parts, { asm, callees });
  const trampoline: Trampoline = {
    proto,
    start: image.code.length,
    offset,
    end: asm.length,
    ...depthsOf(frame),
    stubs,
    steps,
  };
  const [code, entry] = [asm.bytes().slice(), traced?.entry ?? offset];
  return { trampoline, ...image, code, entry };
}

/** Its entry, the offset of what its patched instruction is to hold, and what comes behind that. */
function tracedFunction(
  asm: Assembler,
  { attach }: NativeProto,
  endbr: boolean,
): { readonly entry: number; readonly patch: number; readonly body: number } {
  const entry = asm.length;
  if (endbr) asm.none(ENDBR64);
  asm.rel(attach === 'fexit-jmp' ? JMP.rel32 : CALL_REL32, 0);
  const body = asm.length;
  asm.none(RET);
  align(asm);
  return { entry, patch: body - 4, body };
}

/** From the return address of native code: past it or both, and the saved rbp. */
function depthsOf({
  stackArgs,
  array,
  bytes,
}: TrampolineFrame): Pick<Trampoline, 'arrayDepth' | 'callDepth'> {
  const rbp = stackArgs - 8;
  return { arrayDepth: rbp + array, callDepth: rbp + bytes };
}

function align(asm: Assembler): void {
  asm.raw(new Uint8Array((SLOT - (asm.length % SLOT)) % SLOT).fill(INT3));
}
