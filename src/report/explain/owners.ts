/** Which values the interpreter has where, so that a wrong value can be known as someone else's. */
import type { U64 } from '../../core/u64.ts';
import type { CaseResult } from '../../oracle/case.ts';
import { frameCell, rowAddress } from '../../oracle/cells.ts';
import { frameRows } from '../../oracle/frame-rows.ts';
import { lastState, type StepTrace } from '../../oracle/step-trace.ts';
import { registerName, rowName } from './names.ts';

/** Values at the end of the trace by the names of registers and of rows of the frame. */
export function ownersOf({ program, image }: CaseResult, trace: StepTrace | null): Map<string, U64> {
  const owners = new Map<string, U64>();
  const last = trace?.steps.at(-1);
  if (program === null || image === null || trace === null || last === undefined) return owners;
  const cells = lastState(trace);
  for (const [cell, { want }] of cells) {
    if (want !== undefined && /^(?:r\d|in|out)/.test(cell)) owners.set(registerName(cell), want);
  }
  for (const { role, fpOffset } of frameRows(program, image, last.subprog)) {
    const value = cells.get(frameCell(rowAddress(cells, { role, fpOffset }) ?? 0n));
    // What nobody may rely on is still what a wrong instruction may have taken.
    const known = value?.want ?? value?.got;
    if (known !== undefined) owners.set(rowName(role, fpOffset, image), known);
  }
  return owners;
}
