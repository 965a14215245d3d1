/**
 * After each access to memory libunicorn makes code that looks whether the run was ended there, so that nothing runs after a fault. Of a
 * run that counts for nothing once it has faulted that is a sixth of what is translated. A handle has a switch for it, uc_struct.no_exit_request,
 * which libunicorn uses for blocks of ARM. It is not of its API: where it lies is read from the function that looks at it, and
 * where that is not as it is known there is none.
 */
import koffi from 'koffi';
import { hasHostCode } from './host-code.ts';
import { importSlots } from './import-slots.ts';
import type { Libunicorn, Pointer } from './libunicorn.ts';

const FUNCTION = 'check_exit_request_x86_64';
const ENDBR64 = [0xf3, 0x0f, 0x1e, 0xfa];
/** mov rax, [rdi + disp32]: the handle, of what it is given */
const LOAD_HANDLE = [0x48, 0x8b, 0x87];
/** cmp byte [rax + disp32], 0 */
const LOOK_AT_SWITCH = [0x80, 0xb8];
const DISP32 = 4;

const offsets = new Map<Libunicorn, number | null>();

/** Of a handle that has translated nothing yet. A run of it that faults goes on to the end of its block, and then says so. */
export function leaveOutExitChecks(lib: Libunicorn, uc: Pointer): void {
  const offset = switchOffset(lib);
  if (offset !== null) new Uint8Array(koffi.view(uc + BigInt(offset), 1))[0] = 1;
}

/** Where in a handle the switch lies; null where that is not known. */
export function switchOffset(lib: Libunicorn): number | null {
  const known = offsets.get(lib);
  if (known !== undefined) return known;
  const own = hasHostCode() ? importSlots(lib.emuStopAt, [FUNCTION]).get(FUNCTION)?.own : null;
  const offset = own == null ? null : offsetIn(new Uint8Array(koffi.view(own, 32)));
  offsets.set(lib, offset);
  return offset;
}

function offsetIn(code: Uint8Array): number | null {
  const startsAt = (at: number, bytes: readonly number[]): boolean =>
    bytes.every((byte, i) => code[at + i] === byte);
  const load = startsAt(0, ENDBR64) ? ENDBR64.length : 0;
  const look = load + LOAD_HANDLE.length + DISP32;
  const disp = look + LOOK_AT_SWITCH.length;
  const isKnown = startsAt(load, LOAD_HANDLE) && startsAt(look, LOOK_AT_SWITCH) && code[disp + DISP32] === 0;
  return isKnown ? new DataView(code.buffer).getInt32(disp, true) : null;
}
