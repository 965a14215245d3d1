/** What helpers and kfuncs take, and what their models make of it. */
import { calleeKey, defaultModel, type Env, type GuestMemory } from '../core/env.ts';
import { OracleError } from '../core/errors.ts';
import type { CalleeRef, Word } from '../core/execution.ts';
import { type U64, u64 } from '../core/u64.ts';
import type { NativeCallee } from './native-subject.ts';

const MAX_REG_ARGS = 5;

/** Arguments a callee takes; without a prototype, those that are defined, and at least those in registers. */
export const argCount = ({ args }: NativeCallee, mask: number | undefined): number =>
  args ?? Math.max(MAX_REG_ARGS, mask === undefined ? 0 : 32 - Math.clz32(mask));

/** Arguments as the model may see them. */
export const defined = (args: readonly Word[], mask: number | undefined): readonly Word[] =>
  mask === undefined ? args : args.map((arg, i) => ((mask >> i) & 1 ? arg : undefined));

/** The result. Throws an `engine` error for a model that throws. */
export function runModel(
  callee: CalleeRef,
  args: readonly Word[],
  { models }: Env,
  memory: GuestMemory,
): U64 {
  const key = calleeKey(callee);
  const model = models.get(key) ?? defaultModel;
  try {
    return u64(model({ callee, args, memory }));
  } catch (cause) {
    const why = `its model threw "${cause instanceof Error ? cause.message : cause}": mend the model`;
    throw new OracleError('engine', { what: 'call', where: key, why }, { cause });
  }
}
