/** Whole runs of `fuzz`, as a user has them, in processes of their own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Spread, spreadOf } from '../bench/rounds.ts';
import { OracleError } from '../core/errors.ts';
import type { FuzzFigures } from '../report/bench-report.ts';
import type { JsonFuzzReport } from '../report/fuzz-json.ts';
import type { Pace } from '../report/fuzz-report.ts';
import { inFolder, ownCommand } from './bench-processes.ts';

const KIBIBYTES = /^peak (\d+)$/gm;
/** Printed to standard error as a process ends: the most memory it had (VmHWM of proc(5)). */
const TELL_MEMORY = `const { readFileSync, writeSync } = require('node:fs');
const most = () => process.platform === 'linux'
  ? /^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0
  : process.resourceUsage().maxRSS;
process.on('exit', () => writeSync(2, '\\npeak ' + most() + '\\n'));`;
/** A case of `valid` takes half of what one of the mix does. */
const LANES = [
  { lane: 'valid', options: ['--lane', 'valid'], times: 2 },
  { lane: 'mix', options: [], times: 1 },
] as const;
const WORKERS = [1, 2];

export interface FuzzRun {
  readonly cases: number;
  readonly agree: number;
  readonly digest: string;
  readonly megabytes: number;
  /** Nanoseconds a case: of all, of the second half or so. */
  readonly ns: number;
  readonly warmNs: number;
  /** Cases there had been when that half began. */
  readonly warmFrom: number;
}

export interface WantedRun {
  readonly engine: string;
  readonly lane: FuzzFigures['lane'];
  readonly workers: number;
  readonly cases: number;
  readonly options: readonly string[];
}

/** Fuzzes of seed 1 that take turns; each begins cold, so that no round is apart. */
export class FuzzRuns {
  readonly #taken: readonly { readonly which: WantedRun; readonly of: FuzzRun[] }[];
  readonly #once: (which: WantedRun) => FuzzRun;

  /** `runs`: cases a worker, of all lanes; 0: none. Each worker has as many, so that all are equally warm. */
  constructor(engines: readonly string[], runs: number, once: (which: WantedRun) => FuzzRun = fuzzOnce) {
    this.#once = once;
    this.#taken = (runs === 0 ? [] : engines).flatMap((engine) =>
      LANES.flatMap(({ lane, options, times }) =>
        WORKERS.map((workers) => {
          const which = { engine, lane, workers, options, cases: runs * times * workers };
          return { which, of: [] };
        }),
      ),
    );
  }

  /** Each once. Throws an `engine` error if one fails, or has run other cases than those it is compared with. */
  round(): void {
    for (const { which, of } of this.#taken) {
      of.push(this.#once(which));
      this.#checkSame(which);
    }
  }

  figures(): FuzzFigures[] {
    return this.#taken.flatMap(({ which: { engine, lane, workers }, of }) => {
      const [first] = of;
      if (first === undefined) return [];
      const { cases, agree, digest } = first;
      const timing = spreadOfAll(of.map(({ ns }) => ns));
      const warm = spreadOfAll(of.map(({ warmNs }) => warmNs));
      const warmFrom = Math.round(spreadOfAll(of.map((run) => run.warmFrom)).median / workers);
      const megabytes = Math.max(...of.map((run) => run.megabytes));
      const rates = { casesPerSecond: 1e9 / timing.median, warmCasesPerSecond: 1e9 / warm.median };
      return [{ engine, lane, workers, cases, agree, digest, megabytes, timing, warm, warmFrom, ...rates }];
    });
  }

  /** As many cases of one lane are the same ones, whatever runs them. */
  #checkSame({ lane, cases }: WantedRun): void {
    const same = this.#taken.filter(({ which }) => which.lane === lane && which.cases === cases);
    const runs = same.flatMap(({ which: { engine }, of }) => of.map((run) => ({ engine, ...run })));
    const [first] = runs;
    const other = runs.find((run) => run.digest !== first?.digest || run.cases !== cases);
    if (first === undefined || other === undefined) return;
    const told = new Set(
      [first, other].map((run) => `${run.engine} ran ${run.cases} with the digest ${run.digest}`),
    );
    const why = `they are not the same cases: ${[...told].join(', ')}; no rates of theirs can be compared; report it`;
    throw new OracleError('engine', { what: 'bench', where: `fuzz, lanes ${lane}, ${cases} cases`, why });
  }
}

const spreadOfAll = (values: readonly number[]): Spread => spreadOf([values[0] ?? 0, ...values]);

function fuzzOnce({ engine, workers, cases, options }: WantedRun): FuzzRun {
  return inFolder((folder) => {
    const preload = join(folder, 'memory.cjs');
    writeFileSync(preload, TELL_MEMORY);
    const which = ['--engine', engine, '--seed', '1', '--runs', `${cases}`, '--workers', `${workers}`];
    const argv = ['fuzz', ...which, ...options, '--corpus', folder, '--reporter', 'json'];
    const { stdout, stderr } = ownCommand(argv, preload);
    const document = JSON.parse(stdout) as FuzzDocument;
    const { digest, summary, seconds } = document;
    // Of the process itself and of each worker.
    const peaks = [...stderr.matchAll(KIBIBYTES)].map(([, most]) => Number(most));
    return {
      cases: summary.ran,
      agree: summary.agree,
      digest,
      megabytes: peaks.reduce((sum, most) => sum + most, 0) / 1024,
      ns: (1e9 * seconds) / summary.ran,
      ...warmPartOf(document),
    };
  });
}

type FuzzDocument = Pick<JsonFuzzReport, 'digest' | 'summary' | 'seconds' | 'pace'>;

/** What comes from the mark on that is nearest to half of the cases, as a ratio. */
export function warmPartOf({
  summary: { ran },
  seconds,
  pace = [],
}: Omit<FuzzDocument, 'digest'>): Pick<FuzzRun, 'warmNs' | 'warmFrom'> {
  const distance = ({ cases }: Pace): number => Math.abs(Math.log2((2 * cases) / ran));
  const [half = { cases: 0, seconds: 0 }] = pace
    .filter(({ cases }) => cases < ran)
    .toSorted((a, b) => distance(a) - distance(b));
  return { warmNs: (1e9 * (seconds - half.seconds)) / (ran - half.cases), warmFrom: half.cases };
}
