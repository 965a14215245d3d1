/** The cases of a lane that mutants are judged on. */
import type { ConventionName } from '../bpf/calling.ts';
import type { LaneName } from '../core/lane-names.ts';
import type { MakeCase } from './kill-trial.ts';
import { validMix } from './lanes.ts';
import { mixedCaseAt } from './mix.ts';
import { plainCaseAt } from './plain-case.ts';

/** As `fuzz --lane` makes them. */
export function laneCases(lane: LaneName, convention: ConventionName = 'linux'): MakeCase {
  const mix = { ...validMix(), convention, lanes: [lane] };
  return (seed, path) => mixedCaseAt(seed, path, mix);
}

/** The same, but functions return what r0 holds, where the lane has such cases. */
export const plainLaneCases = (lane: LaneName, convention?: ConventionName): MakeCase =>
  lane === 'valid' ? plainCaseAt : laneCases(lane, convention);
