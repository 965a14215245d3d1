/** Timing on a machine that others use too: all probes take turns, round after round, and medians count. */

/** Does its work once and says what a unit of each of its figures took, in nanoseconds, by figure name. */
export interface Probe {
  readonly name: string;
  readonly run: () => ReadonlyMap<string, number>;
}

/** Nanoseconds a unit. Quartiles show the spread; `cold` is the first round, before anything was compiled. */
export interface Spread {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly cold: number;
}

/** Figures of a probe by name. */
export type Figures = ReadonlyMap<string, Spread>;

/** Runs every probe once cold and `rounds` times warm. By probe name. */
export function takeTurns(probes: readonly Probe[], rounds: number): ReadonlyMap<string, Figures> {
  const samples = probes.map((probe) => ({ probe, taken: [probe.run()] }));
  for (let round = 0; round < rounds; round++)
    for (const { probe, taken } of samples) taken.push(probe.run());
  return new Map(samples.map(({ probe, taken }) => [probe.name, figuresOf(taken)]));
}

function figuresOf(taken: readonly ReadonlyMap<string, number>[]): Figures {
  const names = [...(taken[0]?.keys() ?? [])];
  return new Map(names.map((name) => [name, spreadOf(taken.map((figures) => figures.get(name) ?? 0))]));
}

/** Of one figure, round by round: the first is the cold one. */
export const spreadOf = ([cold = 0, ...warm]: readonly number[]): Spread => ({ ...quartiles(warm), cold });

function quartiles(values: readonly number[]): Omit<Spread, 'cold'> {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return { median: at(0.5), lower: at(0.25), upper: at(0.75) };
}

export const nanoseconds = (): number => performance.now() * 1e6;

/** Nanoseconds that `work` takes for each of `units`. */
export function perUnit(units: number, work: () => void): number {
  const start = nanoseconds();
  work();
  return (nanoseconds() - start) / units;
}
