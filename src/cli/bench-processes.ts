/** What `bench` times from outside: whole runs of this command line, in processes of their own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeTurns } from '../bench/rounds.ts';
import { OracleError } from '../core/errors.ts';
import type { FuzzFigures, StartFigures } from '../report/bench-report.ts';
import { COMMAND } from './own-command.ts';

const SMALL_PROGRAM = 'r0 = 1\nexit\n';
const MEGABYTES = /maxRSS (\d+)/;
/** Printed to standard error as the process ends; the unit is KiB. */
const TELL_MEMORY = 'process.on("exit", () => console.error("\\nmaxRSS %d", process.resourceUsage().maxRSS))';

/** Whole fuzzes of seed 1, in turn. */
export function fuzzFigures(engines: readonly string[], runs: number, rounds: number): FuzzFigures[] {
  const kept = new Map<string, FuzzRun>();
  const probes = engines.flatMap((engine) =>
    [1, 2].map((workers) => ({
      name: `${engine} ${workers}`,
      run: () => {
        const run = fuzzOnce(engine, workers, runs);
        const most = Math.max(run.megabytes, kept.get(`${engine} ${workers}`)?.megabytes ?? 0);
        kept.set(`${engine} ${workers}`, { ...run, megabytes: most });
        return new Map([['case', 1e9 / run.casesPerSecond]]);
      },
    })),
  );
  const figures = takeTurns(probes, rounds);
  return [...kept].flatMap(([name, { casesPerSecond: _, ...run }]) => {
    const timing = figures.get(name)?.get('case');
    return timing === undefined ? [] : [{ ...run, casesPerSecond: 1e9 / timing.median, timing }];
  });
}

type FuzzRun = Omit<FuzzFigures, 'timing'>;

function fuzzOnce(engine: string, workers: number, runs: number): FuzzRun {
  return inFolder((folder) => {
    const preload = join(folder, 'memory.cjs');
    writeFileSync(preload, TELL_MEMORY);
    const which = ['--engine', engine, '--seed', '1', '--runs', `${runs}`, '--workers', `${workers}`];
    const argv = ['fuzz', ...which, '--corpus', folder, '--reporter', 'json'];
    const { stdout, stderr } = ownCommand(argv, ['--require', preload]);
    const { casesPerSecond, digest, summary } = JSON.parse(stdout) as FuzzDocument;
    const megabytes = Number(MEGABYTES.exec(stderr)?.[1] ?? 0) / 1024;
    return { engine, workers, cases: summary.ran, casesPerSecond, digest, megabytes };
  });
}

interface FuzzDocument {
  readonly casesPerSecond: number;
  readonly digest: string;
  readonly summary: { readonly ran: number };
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

/** Runs this command line again. Throws an `engine` error if it fails. */
function ownCommand(
  argv: readonly string[],
  node: readonly string[] = [],
): { stdout: string; stderr: string } {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [...node, COMMAND, ...argv], {
    encoding: 'utf8',
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
