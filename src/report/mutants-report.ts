/** What a report of `mutants` is made of, and the words its forms share. */
import type { ControlCount, MatrixSummary, MutantRow } from '../fuzz/kill-matrix.ts';
import type { Pointer } from '../fuzz/kill-trial.ts';

export interface MutantsReport {
  readonly rows: readonly MutantRow[];
  readonly summary: MatrixSummary;
  readonly seeds: readonly number[];
  /** Cases a mutant may live through, of each seed. */
  readonly runs: number;
  /** Tests in the fixed suites. */
  readonly suites: { readonly selftestSums: number; readonly conformance?: number };
  /** Cases on the JIT as it is; null: not asked for. */
  readonly control: ControlCount | null;
  /** Of the whole command, wall clock. */
  readonly seconds: number;
  /** The command line that makes the same. */
  readonly command: string;
}

/** e.g. `call: call 5`, `prologue`. */
export const pointerText = ({ stage, insn }: Pointer): string =>
  insn === '' || insn === stage ? stage : `${stage}: ${insn}`;

export const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

/** e.g. `1 case` */
export const casesText = (cases: number): string => `${cases} ${cases === 1 ? 'case' : 'cases'}`;

/** e.g. `0.021 s` */
export const secondsText = (seconds: number): string => `${seconds.toFixed(3)} s`;

/** The totals in a line. */
export function totalsText({ summary, suites }: Pick<MutantsReport, 'summary' | 'suites'>): string {
  const { total, killed, localised, medianCases, medianSeconds, missedBy } = summary;
  const { localisedWithoutMap, medianWindow } = summary;
  const window = medianWindow === null ? '' : `, in windows of ${medianWindow} instructions (median)`;
  const speed =
    medianCases === null || medianSeconds === null
      ? ''
      : `, in the median after ${medianCases} cases and ${secondsText(medianSeconds)}`;
  const missed = [
    `${missedBy.r0Only} by r0 alone in the cases the whole oracle took ` +
      `(${missedBy.r0Tenfold} in ten times those, ${missedBy.r0AllCases} in all, ` +
      `${missedBy.plainR0} in all where functions return what r0 holds)`,
    `${missedBy.selftestSums} by ${suites.selftestSums} programs that return sums`,
    ...(missedBy.conformance === undefined
      ? []
      : [`${missedBy.conformance} by ${suites.conformance ?? 0} tests of bpf_conformance`]),
  ];
  return (
    `${total} mutants: ${killed} killed${speed}; ${localised} localised, ` +
    `${localisedWithoutMap} without a pc map${window}. ` +
    `Of the killed ones are missed: ${missed.join(', ')}`
  );
}

/** Of the window of an image without a pc map: its size, if it holds the guilty instruction. */
export const windowText = ({ localisedWithoutMap, windowInsns }: MutantRow): string =>
  localisedWithoutMap && windowInsns !== null ? `${windowInsns}` : 'no';

/** The control in a line; undefined if there was none. */
export function controlText({ control, seeds }: MutantsReport): string | undefined {
  if (control === null) return undefined;
  const { cases, agree, diverging } = control;
  const shown = diverging.slice(0, 8).join(', ');
  const tail = diverging.length === 0 ? '' : `: ${shown}${diverging.length > 8 ? ', …' : ''}`;
  return (
    `control: the JIT as it is, ${cases} cases of ${seeds.length === 1 ? 'the same seed' : 'the same seeds'}: ` +
    `${agree} agree, ${diverging.length} diverge${tail}`
  );
}
