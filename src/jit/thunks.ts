/** Thunks behind the image, as arch/x86/lib/retpoline.S has them, and the displacements that lead outside subprogs. */
import { badInput } from '../core/errors.ts';
import type { ThunkPlace } from '../core/image.ts';
import { CALL_DEPTH } from '../core/percpu.ts';
import type { Assembler } from '../x86/assembler.ts';
import type { FunctionAddress, Outside, SubprogPlace } from './hardening.ts';

/** RETPOLINE_THUNK_SIZE */
const THUNK_BYTES = 32;
const INT3 = 0xcc;

type Thunk = Exclude<Outside, 'call-depth'>;

// biome-ignore-start format: an instruction a line
const THUNKS: Readonly<Record<Thunk, readonly number[]>> = {
  'return-thunk': [
    0xc3, // ret
    0xcc, // int3
  ],
  'indirect-thunk-rcx': [
    0xe8,
    0x01,
    0x00,
    0x00,
    0x00, // call 1f
    0xcc, // int3
    0x48,
    0x89,
    0x0c,
    0x24, // 1: mov [rsp], rcx
    0xc3, // ret
    0xcc, // int3
  ],
};
// biome-ignore-end format: an instruction a line

/** As a PendingRef, in the image. */
export interface Ref {
  readonly end: number;
  readonly after: number;
  readonly to: Outside | FunctionAddress | SubprogPlace;
}

/** The image that refs are of. */
export interface Linked {
  readonly base: bigint;
  readonly programName: string;
  /** Of the function at a slot. */
  readonly addressOf: (slot: number) => bigint;
  /** Of each subprog's first byte, in the image. */
  readonly offsets: readonly number[];
}

/** Puts the thunks that are wanted behind the code, and fills in all displacements and addresses. Returns their places. */
export function linkRefs(
  out: Assembler,
  refs: readonly Ref[],
  { base, programName, addressOf, offsets }: Linked,
): ThunkPlace[] {
  const thunks = new Map<Thunk, number>();
  const outside = (to: Outside): bigint => {
    if (to === 'call-depth') return CALL_DEPTH;
    const known = thunks.get(to) ?? appendThunk(out, THUNKS[to]);
    thunks.set(to, known);
    return base + BigInt(known);
  };
  for (const { end, after, to } of refs) {
    if (typeof to === 'object' && 'subprog' in to) {
      out.patch32(end - 4, (offsets[to.subprog] as number) + to.offset - end);
      continue;
    }
    if (typeof to === 'object') {
      patchAddress(out, end, to.bytes, addressOf(to.slot), programName);
      continue;
    }
    const displacement = outside(to) - (base + BigInt(end + after));
    if (BigInt.asIntN(32, displacement) !== displacement)
      throw badInput('jit', programName, `its image is out of reach of what counts calls`);
    out.patch32(end - 4, Number(displacement));
  }
  return [...thunks].map(([name, offset]) => ({ name, offset }));
}

function patchAddress(out: Assembler, end: number, bytes: 4 | 8, address: bigint, programName: string): void {
  if (
    bytes === 4 &&
    BigInt.asUintN(32, address) !== address &&
    BigInt.asIntN(32, address) !== BigInt.asIntN(64, address)
  )
    throw badInput(
      'jit',
      programName,
      'its image crosses a border of 4 GiB, and it takes addresses of functions',
    );
  out.patch32(end - bytes, Number(BigInt.asIntN(32, address)));
  if (bytes === 8) out.patch32(end - 4, Number(BigInt.asIntN(32, address >> 32n)));
}

/** Offset it was put at. */
function appendThunk(out: Assembler, code: readonly number[]): number {
  const gap = (THUNK_BYTES - (out.length % THUNK_BYTES)) % THUNK_BYTES;
  out.raw(new Uint8Array(gap).fill(INT3));
  const offset = out.length;
  const bytes = new Uint8Array(THUNK_BYTES).fill(INT3);
  bytes.set(code);
  out.raw(bytes);
  return offset;
}
