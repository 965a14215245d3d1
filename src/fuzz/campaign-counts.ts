/** The numbers of a campaign as text that JSON can hold, so that those of its parts can be added up. */
import type { VerdictName } from '../oracle/case.ts';
import { addVacuity, NO_VACUITY, type VacuityCounts } from '../oracle/vacuity-count.ts';
import { CallCoverage } from './call-coverage.ts';
import type { CampaignState } from './campaign.ts';
import { CaseDigest } from './digest.ts';
import { LaneCounts, type LaneVerdictsByName } from './lane-counts.ts';
import { OpcodeCoverage } from './opcode-coverage.ts';
import { type OutcomeName, Statistics } from './statistics.ts';

/** Lists are written `0 12 4`; how many cases have which number, `50:40 70:60`. */
export interface CampaignCounts {
  readonly digest: string;
  readonly verdicts: Readonly<Partial<Record<VerdictName, number>>>;
  readonly outcomes: Readonly<Partial<Record<OutcomeName, number>>>;
  /** Instructions a case runs, calls it makes: cases by number. */
  readonly insns: string;
  readonly calls: string;
  /** Counts of CallCoverage. */
  readonly arities: string;
  /** Counts of OpcodeCoverage, and the sets of values it saw. */
  readonly opcodes: string;
  readonly operands: string;
  readonly vacuous: VacuityCounts;
  /** Absent in documents of versions that had no lanes. */
  readonly lanes?: LaneVerdictsByName;
}

type Counted = Pick<CampaignState, 'digest' | 'statistics' | 'calls' | 'opcodes' | 'lanes' | 'vacuous'>;

/** How many numbers each of the lists has in this version. */
export const LIST_LENGTHS = {
  arities: new CallCoverage().counts().length,
  opcodes: new OpcodeCoverage().counts().counts.length,
  operands: new OpcodeCoverage().counts().seen.length,
} as const;

export function countsOf({ digest, statistics, calls, opcodes, lanes, vacuous }: Counted): CampaignCounts {
  const { verdicts, outcomes, insns, calls: callsMade } = statistics.counts();
  const { counts, seen } = opcodes.counts();
  return {
    digest,
    verdicts: Object.fromEntries(verdicts),
    outcomes: Object.fromEntries(outcomes),
    insns: pairsText(insns),
    calls: pairsText(callsMade),
    arities: calls.counts().join(' '),
    opcodes: counts.join(' '),
    operands: seen.join(' '),
    vacuous,
    lanes: lanes.counts(),
  };
}

/** What the whole campaign would have counted. */
export function sumCounts(parts: readonly CampaignCounts[]): Counted & Pick<CampaignState, 'summary'> {
  const digest = new CaseDigest();
  const statistics = new Statistics();
  const calls = new CallCoverage();
  const opcodes = new OpcodeCoverage();
  const lanes = new LaneCounts();
  for (const part of parts) {
    digest.addText(part.digest);
    statistics.merge({
      verdicts: new Map(Object.entries(part.verdicts) as [VerdictName, number][]),
      outcomes: new Map(Object.entries(part.outcomes) as [OutcomeName, number][]),
      insns: pairs(part.insns),
      calls: pairs(part.calls),
    });
    lanes.merge(part.lanes ?? {});
    calls.merge(Float64Array.from(numbers(part.arities)));
    opcodes.merge({
      counts: Float64Array.from(numbers(part.opcodes)),
      seen: Uint16Array.from(numbers(part.operands)),
    });
  }
  const vacuous = parts.map((part) => part.vacuous).reduce(addVacuity, NO_VACUITY);
  return {
    digest: digest.toString(),
    statistics,
    calls,
    opcodes,
    lanes,
    vacuous,
    summary: statistics.summary(),
  };
}

const pairsText = (counts: ReadonlyMap<number, number>): string =>
  [...counts]
    .sort(([a], [b]) => a - b)
    .map((pair) => pair.join(':'))
    .join(' ');

const numbers = (text: string): number[] => (text === '' ? [] : text.split(' ').map(Number));

const pairs = (text: string): Map<number, number> =>
  new Map(text === '' ? [] : text.split(' ').map((pair) => pair.split(':').map(Number) as [number, number]));
