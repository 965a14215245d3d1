/** What documents of several schemas have in common. */
import * as v from 'valibot';

export const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const seconds = v.pipe(v.number(), v.finite(), v.minValue(0));
export const byName = v.record(v.string(), natural);
export const verdict = v.picklist(['agree', 'diverge', 'inconclusive', 'skipped']);

export const summary = v.looseObject({
  ran: natural,
  agree: natural,
  diverge: natural,
  expectedFailures: v.exactOptional(natural),
  inconclusive: natural,
  skipped: natural,
});

export const vacuous = v.looseObject({
  noCall: natural,
  sampled: natural,
  callWithoutEffect: natural,
  calls: natural,
  callsWithoutEffect: natural,
});

export const culprit = v.looseObject({
  pc: v.nullable(natural),
  insn: v.nullable(v.string()),
  native: v.string(),
  offset: natural,
  stage: v.string(),
  precision: v.exactOptional(v.picklist(['insn', 'state', 'store', 'call', 'exit'])),
  window: v.exactOptional(
    v.looseObject({
      prologue: v.nullable(natural),
      from: v.nullable(natural),
      to: v.nullable(natural),
      pcs: v.array(natural),
      insns: natural,
      offsets: v.looseObject({ from: natural, to: natural }),
    }),
  ),
});

export const shardInfo = {
  index: v.pipe(natural, v.minValue(1)),
  count: v.pipe(natural, v.minValue(1)),
  settings: v.record(v.string(), v.string()),
  trouble: v.picklist([0, 2, 3]),
};
