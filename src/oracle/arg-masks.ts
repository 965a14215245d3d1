/**
 * Which arguments of each helper and kfunc call are poison, as the reference met them. The native side sees
 * some value in every place; told the masks, it leaves out what the reference's model was not given, so that
 * both models compute on the same.
 */
import type { Program } from '../bpf/program.ts';
import { type CalleeModel, calleeKey, defaultModel, type Env } from '../core/env.ts';
import { isModelled, type Trace, type Word } from '../core/execution.ts';

/** Bit i of a mask: argument i + 1 is defined. */
export interface MaskRecorder {
  /** `env` with models that record each call, for the reference's run. */
  readonly env: Env;
  /** The masks so far, in order of the calls. */
  masks(): Uint16Array;
}

const FIRST_CAPACITY = 64;

export function recordMasks(program: Program, env: Env): MaskRecorder {
  let masks = new Uint16Array(FIRST_CAPACITY);
  let count = 0;
  const recording =
    (model: CalleeModel): CalleeModel =>
    (call) => {
      if (count === masks.length) {
        const longer = new Uint16Array(2 * count);
        longer.set(masks);
        masks = longer;
      }
      masks[count++] = maskOf(call.args);
      return model(call);
    };
  const models = new Map<string, CalleeModel>();
  for (const callee of program.callees.values()) {
    const key = calleeKey(callee);
    models.set(key, recording(env.models.get(key) ?? defaultModel));
  }
  return { env: { ...env, models }, masks: () => masks.subarray(0, count) };
}

/** The masks of a run that was traced without a recorder: of the calls it kept. */
export function masksOf({ events }: Trace): Uint16Array {
  return Uint16Array.from(
    events.flatMap((event) => (event.kind === 'call' && isModelled(event) ? [maskOf(event.args)] : [])),
  );
}

function maskOf(args: readonly Word[]): number {
  let mask = 0;
  for (let i = 0; i < args.length; i++) if (args[i] !== undefined) mask |= 1 << i;
  return mask;
}
