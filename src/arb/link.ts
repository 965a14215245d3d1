/**
 * Lowered functions to a program. What `buildProgram` looks for among all instructions is known here: where functions
 * start, whom they call, how many stack arguments they pass. It would make the same of them, and refuse none.
 */
import { MAX_CALL_FRAMES } from '../bpf/calling.ts';
import { call } from '../bpf/make-insn.ts';
import type { Callee, Program, Subprog } from '../bpf/program.ts';
import { checkArgs } from '../bpf/program-checks.ts';
import { calleeKey } from '../core/env.ts';
import type { MadeCall } from './lowering/builder.ts';
import type { LoweredFunction } from './lowering/function.ts';
import type { Addresses } from './regions.ts';
import type { FunctionSpec, ProgramSpec } from './spec.ts';

const UNREACHED = -1;
/** Of the functions there may be. */
const NAMES = Array.from({ length: MAX_CALL_FRAMES }, (_, index) => (index === 0 ? 'main' : `f${index}`));

/** `lowered`: main and the functions behind it. Throws an `input` error where a function takes too many arguments. */
export function link(spec: ProgramSpec, lowered: readonly LoweredFunction[], addresses: Addresses): Program {
  const starts = placeReached(lowered);
  // The rest goes behind main.
  const { insns } = lowered[0] as LoweredFunction;
  const subprogs: Subprog[] = [];
  const callees = new Map<string, Callee>();
  for (let index = 0; index < lowered.length; index++) {
    const start = starts[index] as number;
    if (start === UNREACHED) continue;
    const { insns: own, calls, outgoing } = lowered[index] as LoweredFunction;
    if (index > 0) for (let k = 0; k < own.length; k++) insns.push(own[k]);
    for (let k = 0; k < calls.length; k++) {
      const { slot, callee } = calls[k] as MadeCall;
      const at = start + slot;
      if (callee.functionIndex !== undefined)
        insns[at] = call('local', (starts[callee.functionIndex] as number) - at - 1);
      else if (callee.native !== undefined) callees.set(calleeKey(callee.native), callee.native);
    }
    const name = NAMES[index] ?? `f${index}`;
    const { args } = spec.functions[index] as FunctionSpec;
    checkArgs(args, start);
    subprogs.push({ index: subprogs.length, name, start, end: insns.length, args, outgoing });
  }
  return { name: 'generated', insns, subprogs, callees, data: addresses.sections(), convention: 'linux' };
}

/** First slots of the functions that some call reaches; functions call those behind them alone. */
function placeReached(lowered: readonly LoweredFunction[]): readonly number[] {
  const starts = [0];
  for (let index = 1; index < lowered.length; index++) starts.push(UNREACHED);
  let length = 0;
  for (let index = 0; index < lowered.length; index++) {
    if (starts[index] === UNREACHED) continue;
    const { insns, calls } = lowered[index] as LoweredFunction;
    for (let k = 0; k < calls.length; k++) {
      const { functionIndex } = (calls[k] as MadeCall).callee;
      if (functionIndex !== undefined) starts[functionIndex] = 0;
    }
    starts[index] = length;
    length += insns.length;
  }
  return starts;
}
