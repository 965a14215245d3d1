/** Documents of schema `bpf-oracle/check@1`, to be read back. */
import * as v from 'valibot';
import type { Reason, Subject } from '../../oracle/verdict.ts';
import type { JsonReport } from '../check-document.ts';
import { lintFinding } from './lint.ts';
import { culprit, natural, shardInfo, summary, vacuous, verdict } from './parts.ts';

const expectedFailure = v.object({ name: v.string(), reason: v.string(), line: natural });

/** A value more in one of these types does not compile until it is here. */
const oneOf = <Name extends string>(names: Readonly<Record<Name, true>>) =>
  v.picklist(Object.keys(names) as Name[]);

const REASON_KINDS: Readonly<Record<Reason['kind'], true>> = {
  'insn-limit': true,
  poison: true,
  frames: true,
  mapped: true,
  placement: true,
  unsupported: true,
  choice: true,
  jit: true,
  refused: true,
  file: true,
  contract: true,
  'bad-input': true,
  failed: true,
};

const SUBJECT_KINDS: Readonly<Record<Subject['kind'], true>> = {
  outcome: true,
  r0: true,
  stated: true,
  memory: true,
  data: true,
  event: true,
  arg: true,
  result: true,
  reg: true,
  stack: true,
  native: true,
  'trace-length': true,
  constant: true,
  abi: true,
  engine: true,
};

const caseResult = v.looseObject({
  name: v.string(),
  file: v.exactOptional(v.string()),
  verdict,
  reason: v.nullable(v.string()),
  reasonKind: v.exactOptional(oneOf(REASON_KINDS)),
  outcome: v.nullable(v.picklist(['exit', 'fault', 'budget', 'unsupported'])),
  r0: v.nullable(v.string()),
  memory: v.nullable(v.string()),
  insns: v.nullable(natural),
  expected: v.exactOptional(v.string()),
  divergences: v.array(
    v.looseObject({
      kind: oneOf(SUBJECT_KINDS),
      field: v.string(),
      want: v.string(),
      got: v.string(),
      pc: v.nullable(natural),
    }),
  ),
  divergenceCount: v.exactOptional(natural),
  bucket: v.exactOptional(v.string()),
  breach: v.exactOptional(lintFinding),
  culprit: v.exactOptional(culprit),
  source: v.exactOptional(v.object({ file: v.string(), line: v.pipe(natural, v.minValue(1)) })),
  expectedFailure: v.exactOptional(v.string()),
  vacuity: v.exactOptional(
    v.looseObject({
      calls: natural,
      reached: v.array(natural),
      withoutEffect: v.array(natural),
      untried: natural,
    }),
  ),
});

export const checkDocument = v.looseObject({
  schema: v.literal('bpf-oracle/check@1'),
  summary,
  expectations: v.exactOptional(
    v.looseObject({
      file: v.string(),
      listed: natural,
      stale: v.array(
        v.object({
          ...expectedFailure.entries,
          why: v.picklist(['agree', 'inconclusive', 'skipped', 'absent', 'ambiguous']),
        }),
      ),
    }),
  ),
  vacuous: v.exactOptional(vacuous),
  results: v.array(caseResult),
  shard: v.exactOptional(
    v.object({
      ...shardInfo,
      positions: v.array(natural),
      of: natural,
      expected: v.exactOptional(v.object({ file: v.string(), entries: v.array(expectedFailure) })),
    }),
  ),
}) satisfies v.GenericSchema<unknown, JsonReport>;
