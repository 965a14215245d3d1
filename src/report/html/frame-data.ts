/** The rows of a frame as the page draws them: BPF stack that no step writes is left out. */
import type { Program } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import type { StepTrace } from '../../oracle/step-trace.ts';
import { fpName } from '../explain/names.ts';
import { type JsonFrameRow, jsonFrame } from '../explain/trace.ts';
import type { PageSlot } from './page-data.ts';

/** From high to low addresses. */
export function frameSlots(trace: StepTrace, program: Program, image: Image, subprog: number): PageSlot[] {
  const written = writtenOffsets(trace, subprog);
  const slots: PageSlot[] = [];
  let unwritten = 0;
  let role: JsonFrameRow['role'] = 'bpf-stack';
  const closeGap = (): void => {
    if (unwritten > 0) slots.push([null, '', `${8 * unwritten} bytes nobody writes`, role]);
    unwritten = 0;
  };
  for (const row of jsonFrame(program, image, subprog)) {
    if (isStack(row) && !written.has(row.fp)) {
      unwritten++;
      role = row.role;
      continue;
    }
    closeGap();
    slots.push([row.fp, addressText(row, image), row.name, row.role]);
  }
  closeGap();
  return slots;
}

const isStack = ({ role }: JsonFrameRow): boolean => role === 'bpf-stack' || role === 'private-stack';

/** `r10-8` of a private stack, `rsp+8` of an outgoing argument, `rbp-16` of all else. */
function addressText({ role, fp, sp }: JsonFrameRow, image: Image): string {
  const ofFrame = [role === 'private-stack' ? 'r10' : fpName(image), fp] as const;
  const [base, offset] = role === 'outgoing' ? (['rsp', sp] as const) : ofFrame;
  return offset === 0 ? base : `${base}${offset < 0 ? '-' : '+'}${Math.abs(offset)}`;
}

/** Bytes from r10 to the words of frames that have a value at some step of the subprog. */
function writtenOffsets({ steps }: StepTrace, subprog: number): Set<number> {
  const offsets = new Set<number>();
  let fp = 0n;
  for (const step of steps) {
    fp = step.changes.get('r10')?.want ?? fp;
    if (step.subprog !== subprog) continue;
    for (const [cell, { want }] of step.changes) {
      if (want !== undefined && cell.startsWith('@')) offsets.add(Number(BigInt(`0x${cell.slice(1)}`) - fp));
    }
  }
  return offsets;
}
