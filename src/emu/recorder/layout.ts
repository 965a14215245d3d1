/** Where the recorder's parts lie in the guest, and what is in them: 64-bit words, counted from RECORDER_DATA. */
import { RECORDER_BASE, RECORDER_SIZE } from '../../core/layout.ts';
import { GPR_COUNT, REG_FILE_WORDS } from '../engine.ts';

/** Below 2 GiB, all of it: code refers to it by 32 bits, sign-extended. */
export const RECORDER_CODE = Number(RECORDER_BASE);
/** One thunk for each subprog: where calls of it go instead. */
export const THUNKS = RECORDER_CODE + 0x1000;
export const THUNK_BYTES = 16;
export const MAX_SUBPROGS = 256;
/** One slot for each subprog: its first instruction, and a jump to the second. An int3 stands at its entry. */
export const SLOTS = RECORDER_CODE + 0x2000;
export const SLOT_BYTES = 32;
/** The same for places where tail calls enter: a jump to the thunk stands there. */
export const PROGRAM_THUNKS = RECORDER_CODE + 0x4000;
export const PROGRAM_SLOTS = RECORDER_CODE + 0x5000;
export const CODE_BYTES = 0x7000;

export const RECORDER_DATA = RECORDER_CODE + CODE_BYTES;
export const DATA_BYTES = 0x4000;

/** Words of the data. */
export const WORD = {
  /** Where the next record goes. */
  log: 0,
  /** Who is being entered: a subprog's index, by a call or, plus PROGRAM_ID, behind its entry; or CALLEE_ID plus a callee's. */
  id: 1,
  /** For one value. */
  spare: 2,
  /** Where to go on. */
  target: 3,
  /** Next free word of `shadow`. */
  shadowTop: 4,
  /** Next answer, and the end of them. */
  answer: 5,
  answerEnd: 6,
  /** Bytes of stack in a record, by WINDOW_UNIT. */
  windows: 7,
  /** What stands in the first stack argument after a call. */
  clobber: 8,
  /** The stack of the recorder itself grows down from here. */
  stackTop: 64,
  /** Return addresses that were replaced. */
  shadow: 64,
  shadowEnd: 128,
  /** Addresses of the slots of subprogs. */
  targets: 128,
  /** Pairs: words of stack arguments the callee destroys, and what it returns. */
  answers: 512,
  end: DATA_BYTES / 8,
} as const;

export const CALLEE_ID = 0x1_0000;
export const RETURN_ID = 0x2_0000;
export const PROGRAM_ID = 0x3_0000;

export const RECORDER_LOG = RECORDER_DATA + DATA_BYTES;
export const LOG_BYTES = RECORDER_SIZE - CODE_BYTES - DATA_BYTES;

/** Words of a record: the id, a register file (engine.ts), then the window: bytes of the stack. */
export const RECORD = { id: 0, regs: 1, window: 1 + REG_FILE_WORDS } as const;
/** Bytes copied at a time. */
export const WINDOW_UNIT = 64;
/** Most bytes of a window: it lies within the stack wherever rsp may be (code.ts). */
export const MAX_WINDOW = 0x1000;

export const recordBytes = (windows: number): number => 8 * RECORD.window + WINDOW_UNIT * windows;
export const FLAGS_WORD = RECORD.regs + GPR_COUNT;
export const dataWord = (index: number): number => RECORDER_DATA + 8 * index;
/** Where a subprog is entered while it is recorded. */
export const slotOf = (subprog: number): number => SLOTS + SLOT_BYTES * subprog;
