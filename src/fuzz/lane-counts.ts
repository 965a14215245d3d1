/** Verdicts by lane. */
import { LANE_NAMES, type LaneName } from '../core/lane-names.ts';
import { VERDICT_NAMES, type VerdictName } from '../oracle/case.ts';
import { NameTally } from './tallies.ts';

export type LaneVerdicts = Readonly<Record<VerdictName, number>>;

/** Verdicts of lanes that had cases. Plain data. */
export type LaneVerdictsByName = Readonly<Partial<Record<LaneName, LaneVerdicts>>>;

export class LaneCounts {
  /** In the order of LANE_NAMES. */
  readonly #lanes = LANE_NAMES.map(() => new NameTally<VerdictName>(VERDICT_NAMES));

  add(lane: LaneName, verdict: VerdictName): void {
    this.#lanes[LANE_NAMES.indexOf(lane)]?.add(verdict);
  }

  merge(counts: LaneVerdictsByName): void {
    LANE_NAMES.forEach((name, at) => {
      const more = counts[name];
      if (more !== undefined)
        for (const verdict of VERDICT_NAMES) this.#lanes[at]?.add(verdict, more[verdict]);
    });
  }

  of(lane: LaneName): LaneVerdicts {
    const tally = this.#lanes[LANE_NAMES.indexOf(lane)] as NameTally<VerdictName>;
    const [agree, diverge] = [tally.of('agree'), tally.of('diverge')];
    return { agree, diverge, inconclusive: tally.of('inconclusive'), skipped: tally.of('skipped') };
  }

  /** In the order of LANE_NAMES. */
  counts(): LaneVerdictsByName {
    const had = LANE_NAMES.filter((_, at) => (this.#lanes[at]?.counts().size ?? 0) > 0);
    return Object.fromEntries(had.map((name) => [name, this.of(name)]));
  }
}
