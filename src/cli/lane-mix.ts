/** Which lanes the cases of a run are of: those that JIT and convention take. */
import type { ConventionName } from '../bpf/calling.ts';
import { OracleError } from '../core/errors.ts';
import type { LaneName } from '../core/lane-names.ts';
import { LANES, laneNamed, type Mix } from '../fuzz/lanes.ts';
import { profileOf } from './jit-profile.ts';
import { isForeign } from './open-jits.ts';
import type { JitChoice } from './options.ts';

export interface LaneMix {
  readonly mix: Mix;
  readonly leftOut: readonly { readonly name: LaneName; readonly why: string }[];
}

/** `lane`: that one alone. Throws a `usage` error if it is not to be had, and as `profileOf`. */
export function laneMixOf(choice: JitChoice, lane?: LaneName): LaneMix {
  const convention = choice.convention ?? 'linux';
  if (lane !== undefined) {
    const why = refusalOf(lane, choice.jit, convention);
    if (why !== undefined) throw new OracleError('usage', { what: 'fuzz', where: `--lane ${lane}`, why });
    return { mix: { profile: profileOf(choice), convention, lanes: [lane] }, leftOut: [] };
  }
  const leftOut = LANES.flatMap(({ name }) => {
    const why = refusalOf(name, choice.jit, convention);
    return why === undefined ? [] : [{ name, why }];
  });
  const lanes = LANES.map(({ name }) => name).filter((name) => leftOut.every((out) => out.name !== name));
  return { mix: { profile: profileOf(choice), convention, lanes }, leftOut };
}

function refusalOf(lane: LaneName, jit: string, convention: ConventionName): string | undefined {
  if (lane !== 'valid' && isForeign(jit)) return 'only the built-in JIT takes its programs';
  return laneNamed(lane).refusal?.(convention);
}
