/** What `bench` times from outside: whole runs of this command line, in processes of their own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Spread, spreadOf, takeTurns } from '../bench/rounds.ts';
import { OracleError } from '../core/errors.ts';
import type { FuzzFigures, StartFigures } from '../report/bench-report.ts';
import type { JsonFuzzReport } from '../report/fuzz-json.ts';
import type { Pace } from '../report/fuzz-report.ts';
import { COMMAND } from './own-command.ts';

const SMALL_PROGRAM = 'r0 = 1\nexit\n';
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

/** Whole fuzzes of seed 1, in turn; each begins cold, so that no round is apart. */
export function fuzzFigures(engines: readonly string[], runs: number, rounds: number): FuzzFigures[] {
  const wanted = engines.flatMap((engine) =>
    LANES.flatMap(({ lane, options, times }) =>
      [1, 2].map((workers) => ({ engine, lane, workers, options, cases: runs * times })),
    ),
  );
  const taken = wanted.map((which) => ({ which, of: [] as FuzzRun[] }));
  for (let round = 0; round < rounds; round++) for (const { which, of } of taken) of.push(fuzzOnce(which));
  return taken.flatMap(({ which: { engine, lane, workers }, of }) => {
    const [first] = of;
    if (first === undefined) return [];
    const timing = spreadOfAll(of.map(({ ns }) => ns));
    const warm = spreadOfAll(of.map(({ warmNs }) => warmNs));
    const megabytes = Math.max(...of.map((run) => run.megabytes));
    const { cases, digest } = first;
    return [{ engine, lane, workers, cases, digest, megabytes, ...ratesOf(timing, warm) }];
  });
}

const spreadOfAll = (values: readonly number[]): Spread => spreadOf([values[0] ?? 0, ...values]);

const ratesOf = (timing: Spread, warm: Spread) => ({
  timing,
  warm,
  casesPerSecond: 1e9 / timing.median,
  warmCasesPerSecond: 1e9 / warm.median,
});

interface FuzzRun {
  readonly cases: number;
  readonly digest: string;
  readonly megabytes: number;
  /** Nanoseconds a case: of all, of the second half or so. */
  readonly ns: number;
  readonly warmNs: number;
}

interface Wanted {
  readonly engine: string;
  readonly workers: number;
  readonly cases: number;
  readonly options: readonly string[];
}

function fuzzOnce({ engine, workers, cases, options }: Wanted): FuzzRun {
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
      digest,
      megabytes: peaks.reduce((sum, most) => sum + most, 0) / 1024,
      ns: (1e9 * seconds) / summary.ran,
      warmNs: warmNsOf(document),
    };
  });
}

type FuzzDocument = Pick<JsonFuzzReport, 'digest' | 'summary' | 'seconds' | 'pace'>;

/** Nanoseconds a case from the mark on that is nearest to half of the cases, as a ratio. */
export function warmNsOf({ summary: { ran }, seconds, pace = [] }: Omit<FuzzDocument, 'digest'>): number {
  const distance = ({ cases }: Pace): number => Math.abs(Math.log2((2 * cases) / ran));
  const [half = { cases: 0, seconds: 0 }] = pace
    .filter(({ cases }) => cases < ran)
    .toSorted((a, b) => distance(a) - distance(b));
  return (1e9 * (seconds - half.seconds)) / (ran - half.cases);
}

/** From the start of a process to its end. */
export function startFigures(rounds: number): StartFigures[] {
  return inFolder((folder) => {
    const small = join(folder, 'small.s');
    writeFileSync(small, SMALL_PROGRAM);
    const commands = [
      { command: 'bpf-oracle --help', argv: ['--help'] },
      { command: 'bpf-oracle check small.s', argv: ['check', small] },
    ];
    const probes = commands.map(({ command, argv }) => ({
      name: command,
      run: () => {
        const start = performance.now();
        ownCommand(argv);
        return new Map([['start', (performance.now() - start) * 1e6]]);
      },
    }));
    const figures = takeTurns(probes, rounds);
    return commands.flatMap(({ command }) => {
      const timing = figures.get(command)?.get('start');
      return timing === undefined ? [] : [{ command, timing }];
    });
  });
}

/** Runs this command line again, with a module loaded first in all its processes. Throws an `engine` error if it fails. */
function ownCommand(argv: readonly string[], preload?: string): { stdout: string; stderr: string } {
  const { NODE_OPTIONS = '', ...env } = process.env;
  const options = preload === undefined ? NODE_OPTIONS : `${NODE_OPTIONS} --require "${preload}"`;
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [COMMAND, ...argv], {
    encoding: 'utf8',
    env: { ...env, NODE_OPTIONS: options },
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return { stdout, stderr };
  const why = error?.message ?? `it ended with ${status}: ${stderr.trim().split('\n').at(-1)}`;
  throw new OracleError('engine', { what: 'bench', where: `bpf-oracle ${argv[0]}`, why });
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'bpf-oracle-bench-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
