/** Verdicts by lane. */
import { LANE_NAMES, type LaneName } from '../core/lane-names.ts';
import type { VerdictName } from '../oracle/case.ts';

const VERDICTS = ['agree', 'diverge', 'inconclusive', 'skipped'] as const satisfies readonly VerdictName[];

export type LaneVerdicts = Readonly<Record<VerdictName, number>>;

/** Verdicts of lanes that had cases. Plain data. */
export type LaneVerdictsByName = Readonly<Partial<Record<LaneName, LaneVerdicts>>>;

type Sums = Record<VerdictName, number>;

const none = (): Sums => ({ agree: 0, diverge: 0, inconclusive: 0, skipped: 0 });

export class LaneCounts {
  readonly #lanes = new Map<LaneName, Sums>();

  add(lane: LaneName, verdict: VerdictName): void {
    this.#of(lane)[verdict]++;
  }

  merge(counts: LaneVerdictsByName): void {
    for (const name of LANE_NAMES) {
      const more = counts[name];
      if (more === undefined) continue;
      const sum = this.#of(name);
      for (const verdict of VERDICTS) sum[verdict] += more[verdict];
    }
  }

  of(lane: LaneName): LaneVerdicts {
    return { ...(this.#lanes.get(lane) ?? none()) };
  }

  #of(lane: LaneName): Sums {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const sums = none();
    this.#lanes.set(lane, sums);
    return sums;
  }

  /** In the order of LANE_NAMES. */
  counts(): LaneVerdictsByName {
    return Object.fromEntries(
      LANE_NAMES.flatMap((name) => (this.#lanes.has(name) ? [[name, this.of(name)]] : [])),
    );
  }
}
