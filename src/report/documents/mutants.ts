/** Documents of schema `bpf-oracle/mutants@1`, to be read back: as much of them as can be compared. */
import * as v from 'valibot';
import type { JsonMutantsReport } from '../mutants-json.ts';
import { natural, seconds } from './parts.ts';

const mutant = v.looseObject({
  name: v.string(),
  killed: v.boolean(),
  cases: v.nullable(natural),
  localised: v.boolean(),
});

const control = v.looseObject({ cases: natural, agree: natural, diverging: v.array(v.string()) });

/** What is read of a document. */
export type MutantsDocument = Pick<JsonMutantsReport, 'schema' | 'seeds' | 'runs' | 'control' | 'seconds'> & {
  readonly mutants: readonly Pick<
    JsonMutantsReport['mutants'][number],
    'name' | 'killed' | 'cases' | 'localised'
  >[];
};

export const mutantsDocument = v.looseObject({
  schema: v.literal('bpf-oracle/mutants@1'),
  seeds: v.array(natural),
  runs: natural,
  mutants: v.array(mutant),
  control: v.nullable(control),
  seconds,
}) satisfies v.GenericSchema<unknown, MutantsDocument>;
