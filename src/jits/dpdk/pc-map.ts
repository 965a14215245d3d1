/**
 * Which native code each instruction became. DPDK does not tell, but appends a known number of bytes for each
 * (native-size.ts); how long a jump is, is read off the code. Where the walk does not end with the code there is no map.
 */
import { CLASS, checkSize, compareSize, isDivision, isRegister, type Slot, sizeOf } from './native-size.ts';
import { type DpdkFrame, epilogueSize } from './prologue.ts';

export interface PcMap {
  /** Slot and offset of its first native byte. */
  readonly pcMap: readonly (readonly [pc: number, offset: number])[];
  /** Slot of a call and the offset it returns to. */
  readonly callSites: readonly (readonly [pc: number, returnOffset: number])[];
}

const SLOT_BYTES = 8;
/** `call` and `exit`: RFC 9669 §4.3; `lddw`: §5.4. */
const CALL = 0x85;
const EXIT = 0x95;
const LDDW = 0x18;
const JA = 0x05;

export function pcMapOf(bpf: Uint8Array, code: Uint8Array, frame: DpdkFrame): PcMap | undefined {
  const pcMap: [number, number][] = [];
  const callSites: [number, number][] = [];
  let at = frame.end;
  let hasEpilogue = false;
  for (let pc = 0; pc < bpf.length / SLOT_BYTES; pc++) {
    const slot = slotAt(bpf, pc);
    pcMap.push([pc, at]);
    const bytes = slot.opcode === EXIT && !hasEpilogue ? epilogueSize(frame) : bytesAt(code, at, slot);
    if (bytes === undefined) return undefined;
    at += bytes;
    if (slot.opcode === EXIT) hasEpilogue = true;
    if (slot.opcode === CALL) callSites.push([pc, at]);
    if (slot.opcode === LDDW) pc++;
  }
  return at === code.length ? { pcMap, callSites } : undefined;
}

function slotAt(bpf: Uint8Array, pc: number): Slot {
  const view = new DataView(bpf.buffer, bpf.byteOffset + SLOT_BYTES * pc, SLOT_BYTES);
  const registers = view.getUint8(1);
  const nextAt = SLOT_BYTES * (pc + 1) + 4;
  const hasNext = nextAt + 4 <= bpf.length;
  return {
    opcode: view.getUint8(0),
    dst: registers & 0xf,
    src: registers >> 4,
    off: view.getInt16(2, true),
    imm: view.getInt32(4, true),
    nextImm: hasNext ? new DataView(bpf.buffer, bpf.byteOffset + nextAt, 4).getInt32(0, true) : 0,
  };
}

function bytesAt(code: Uint8Array, at: number, slot: Slot): number | undefined {
  const { opcode } = slot;
  if (opcode === CALL) return callSize(code, at);
  if (opcode === EXIT || opcode === JA) return jumpSize(code, at);
  if ((opcode & 7) === CLASS.jmp) return withJump(code, at, compareSize(slot));
  const bytes = sizeOf(slot);
  if (!isDivision(slot) || !isRegister(slot) || bytes === undefined) return bytes;
  const check = withJump(code, at, checkSize(slot));
  return check === undefined ? undefined : check + bytes;
}

function withJump(code: Uint8Array, at: number, bytes: number): number | undefined {
  const jump = jumpSize(code, at + bytes);
  return jump === undefined ? undefined : bytes + jump;
}

/** `mov eax, imm32` or `mov rax, imm64`, and `call *rax`. */
const callSize = (code: Uint8Array, at: number): number => (code[at] === 0x48 ? 12 : 7);

/** Of JMP or Jcc, short or near; undefined if it is none. */
function jumpSize(code: Uint8Array, at: number): number | undefined {
  const [first = 0, second = 0] = code.subarray(at, at + 2);
  if (first === 0xeb || first >> 4 === 0x7) return 2;
  if (first === 0xe9) return 5;
  return first === 0x0f && second >> 4 === 0x8 ? 6 : undefined;
}
