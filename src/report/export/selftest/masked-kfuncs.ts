/**
 * Kfuncs whose results depend only on those of their arguments that are plain numbers: a result that depends on an
 * address could not be stated. Each is the default model without the other positions.
 */
import { MAX_ARGS } from '../../../bpf/calling.ts';
import { type CalleeModel, calleeKey, defaultModel } from '../../../core/env.ts';
import type { ExportSubject } from '../subject.ts';
import type { Items } from './items.ts';
import { observe } from './observe.ts';

/** Positions (1 for the first) that count, by `calleeKey`. */
export type Positions = ReadonlyMap<string, readonly number[]>;

export interface MaskedKfuncs {
  /** The subject with those kfuncs. */
  readonly subject: ExportSubject;
  readonly positions: Positions;
}

/** Other results may make other arguments. Positions are only ever taken away, so it settles; mostly in the second round. */
const MAX_ROUNDS = 8;

export function maskedKfuncs(subject: ExportSubject, items: Items): MaskedKfuncs {
  const keys = [...subject.program.callees.values()].filter(({ kind }) => kind === 'kfunc').map(calleeKey);
  const all = Array.from({ length: MAX_ARGS }, (_, i) => i + 1);
  let positions: Positions = new Map(keys.map((key) => [key, all]));
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const masked = withModels(subject, positions);
    const { numbers } = observe(masked, items);
    const next = new Map(
      [...positions].map(([key, before]) => {
        const seen = numbers.get(key);
        return [key, seen === undefined ? before : before.filter((position) => seen.includes(position))];
      }),
    );
    if (keys.every((key) => next.get(key)?.length === positions.get(key)?.length))
      return { subject: masked, positions };
    positions = next;
  }
  const none = new Map(keys.map((key) => [key, []]));
  return { subject: withModels(subject, none), positions: none };
}

function withModels(subject: ExportSubject, positions: Positions): ExportSubject {
  const masked = [...positions].map(([key, list]) => [key, masking(list)] as const);
  return { ...subject, env: { ...subject.env, models: new Map([...subject.env.models, ...masked]) } };
}

const masking =
  (positions: readonly number[]): CalleeModel =>
  (call) =>
    defaultModel({
      ...call,
      args: call.args.map((arg, i) => (positions.includes(i + 1) ? arg : undefined)),
    });
