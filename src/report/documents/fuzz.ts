/** Documents of schema `bpf-oracle/fuzz@1`, to be read back. */
import * as v from 'valibot';
import { LANE_NAMES, type LaneName } from '../../core/lane-names.ts';
import { LIST_LENGTHS } from '../../fuzz/campaign-counts.ts';
import type { JsonFuzzReport } from '../fuzz-json.ts';
import { byName, culprit, natural, seconds, shardInfo, summary, vacuous } from './parts.ts';

const casePath = v.pipe(v.string(), v.regex(/^\d{1,15}(:\d{1,15})*$/));
const pairs = v.pipe(v.string(), v.regex(/^(\d{1,15}:\d{1,15}( \d{1,15}:\d{1,15})*)?$/));

/** As many numbers as this version has. */
const list = (length: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,15}( \d{1,15})*$/),
    v.check((text) => text.split(' ').length === length, `expected ${length} numbers`),
  );

const some = v.exactOptional(natural);

const laneVerdict = v.exactOptional(
  v.strictObject({ agree: natural, diverge: natural, inconclusive: natural, skipped: natural }),
);
const laneVerdicts = Object.fromEntries(LANE_NAMES.map((name) => [name, laneVerdict])) as Record<
  LaneName,
  typeof laneVerdict
>;

const campaignCounts = v.object({
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  verdicts: v.strictObject({ agree: some, diverge: some, inconclusive: some, skipped: some }),
  outcomes: v.strictObject({ exit: some, fault: some, budget: some, unsupported: some, 'not run': some }),
  insns: pairs,
  calls: pairs,
  arities: list(LIST_LENGTHS.arities),
  opcodes: list(LIST_LENGTHS.opcodes),
  operands: list(LIST_LENGTHS.operands),
  vacuous,
  lanes: v.exactOptional(v.strictObject(laneVerdicts)),
});

const byCallee = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.looseObject({ bpf: schema, kfunc: schema, helper: schema });

const middle = v.looseObject({ median: natural, mean: v.number() });

export const fuzzDocument = v.looseObject({
  schema: v.literal('bpf-oracle/fuzz@1'),
  seed: natural,
  digest: v.string(),
  summary,
  vacuous,
  lanes: v.exactOptional(
    v.array(
      v.looseObject({
        name: v.picklist(LANE_NAMES),
        share: natural,
        of: natural,
        agree: natural,
        diverge: natural,
        inconclusive: natural,
        skipped: natural,
      }),
    ),
  ),
  lanesLeftOut: v.exactOptional(v.array(v.looseObject({ name: v.picklist(LANE_NAMES), why: v.string() }))),
  corpus: summary,
  seconds,
  casesPerSecond: natural,
  pace: v.exactOptional(v.array(v.looseObject({ cases: natural, seconds }))),
  statistics: v.looseObject({ outcomes: byName, exitPercent: v.number(), insns: middle, calls: middle }),
  coverage: v.looseObject({
    arity: byName,
    calls: byCallee(natural),
    arityByCallee: byCallee(byName),
    opcodes: v.looseObject({ covered: natural, total: natural, missing: v.array(v.string()) }),
  }),
  failures: v.array(
    v.looseObject({
      seed: natural,
      path: v.string(),
      shrinks: natural,
      bucket: v.string(),
      cases: natural,
      file: v.string(),
      culprit: v.nullable(culprit),
    }),
  ),
  inconclusive: v.array(v.looseObject({ path: v.string(), reason: v.nullable(v.string()) })),
  shard: v.exactOptional(
    v.object({
      ...shardInfo,
      counts: campaignCounts,
      failures: v.array(
        v.object({
          bucket: v.string(),
          cases: natural,
          path: casePath,
          shrinks: natural,
          isMinimal: v.boolean(),
          file: v.string(),
          confirmed: v.nullable(v.picklist(['diverges', 'agrees', 'cannot run'])),
          culprit: v.nullable(culprit),
        }),
      ),
      unjudged: v.array(
        v.object({
          path: casePath,
          verdict: v.picklist(['inconclusive', 'skipped']),
          reason: v.nullable(v.string()),
        }),
      ),
    }),
  ),
}) satisfies v.GenericSchema<unknown, JsonFuzzReport>;
