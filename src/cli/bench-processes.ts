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

/** A whole fuzz of seed 1, with threads of its own. */
export function fuzzFigures(workers: number, runs: number): FuzzFigures {
  return inFolder((folder) => {
    const preload = join(folder, 'memory.cjs');
    writeFileSync(preload, TELL_MEMORY);
    const options = ['--seed', '1', '--runs', `${runs}`, '--workers', `${workers}`, '--corpus', folder];
    const { stdout, stderr } = ownCommand(['fuzz', ...options, '--reporter', 'json'], ['--require', preload]);
    const { casesPerSecond, digest, summary } = JSON.parse(stdout) as FuzzDocument;
    const megabytes = Number(MEGABYTES.exec(stderr)?.[1] ?? 0) / 1024;
    return { workers, cases: summary.ran, casesPerSecond, digest, megabytes };
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
