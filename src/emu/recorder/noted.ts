/** Whether what the guest noted is what the reference expects. */
import type { AsExpected, ExpectedRun } from '../as-expected.ts';
import type { NativeCallee } from '../native-subject.ts';
import { idOf } from '../notes.ts';
import { recorderCode } from './code.ts';
import { CALLEE_ID, PROGRAM_ID, RECORD, RETURN_ID } from './layout.ts';
import type { LogView } from './recorder.ts';

/** A recorded run that came to its end. */
export interface NotedRun extends ExpectedRun {
  readonly log: LogView;
  readonly callees: readonly NativeCallee[];
  /** Register files, in halves: main was entered with the one, and returned with the other. */
  readonly entry: Uint32Array;
  readonly exit: Uint32Array;
  readonly returnTo: number;
  /** The native stack as it is now, and the address of its first byte. */
  readonly stack: Uint8Array;
  readonly stackStart: number;
}

/** True only if the tracker would see the events expected, as far as they are promised, and no breach. */
export function isAsExpected(run: NotedRun, known: AsExpected): boolean {
  const { log, entry, exit, returnTo, stack, stackStart } = run;
  known.notes.showAll(entry, stack, stackStart);
  known.begin(run, returnTo);
  for (let k = 0; k < log.count; k++) if (!isRecord(run, k, known)) return false;
  known.notes.showAll(exit, stack, stackStart);
  return known.isEnd();
}

function isRecord({ log, callees }: NotedRun, k: number, known: AsExpected): boolean {
  const id = idOf(log, k);
  if (id >= PROGRAM_ID) return known.replace(id - PROGRAM_ID);
  // From rsp upwards for a call, below it for a return.
  known.notes.showRecord(log, k, id === RETURN_ID ? 8 * (log.stride - RECORD.window) : 0);
  if (id === RETURN_ID) return known.isReturn();
  if (id < CALLEE_ID) return known.isSubprogCall(id, recorderCode().back);
  const callee = callees[id - CALLEE_ID];
  return callee !== undefined && known.calleeCall(callee) !== undefined;
}
