/** Lanes of a campaign: what share of the cases each has, and what they came to. */
import type { LaneName } from '../core/lane-names.ts';
import type { LaneVerdicts } from '../fuzz/lane-counts.ts';
import { laneNamed, MIX_LENGTH, shareOf } from '../fuzz/lanes.ts';
import type { FuzzReport } from './fuzz-report.ts';

export interface LaneRow extends LaneVerdicts {
  readonly name: LaneName;
  /** Of every `of` cases, how many are of this lane. */
  readonly share: number;
  readonly of: number;
}

/** Lanes in the mix; empty where the mix is not known. */
export function laneRows({ state, mix }: Pick<FuzzReport, 'state' | 'mix'>): LaneRow[] {
  if (mix === undefined) return [];
  return mix.lanes.map((name) => ({
    name,
    share: shareOf(name, mix),
    of: MIX_LENGTH,
    ...state.lanes.of(name),
  }));
}

/** A line each, with those left out; nothing of one lane that stands for all. */
export function laneLines(report: Pick<FuzzReport, 'state' | 'mix'>): string[] {
  const rows = laneRows(report);
  const leftOut = report.mix?.leftOut ?? [];
  if (rows.length + leftOut.length < 2) return rows.filter(({ name }) => name !== 'valid').map(rowLine);
  return [...rows.map(rowLine), ...leftOut.map(({ name, why }) => `lane ${name}: left out: ${why}`)];
}

function rowLine({ name, share, of, ...verdicts }: LaneRow): string {
  const { agree, diverge, inconclusive, skipped } = verdicts;
  const cases = agree + diverge + inconclusive + skipped;
  const rest = [
    `${agree} agree`,
    ...(diverge === 0 ? [] : [`${diverge} diverge`]),
    ...(inconclusive === 0 ? [] : [`${inconclusive} inconclusive`]),
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
  ];
  return `lane ${name}: ${share} of ${of}, ${cases} cases, ${rest.join(', ')} (${laneNamed(name).what})`;
}
