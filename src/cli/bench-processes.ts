/** What `bench` times from outside: this command line again, in processes of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeTurns } from '../bench/rounds.ts';
import { OracleError } from '../core/errors.ts';
import type { StartFigures } from '../report/bench-report.ts';
import { COMMAND } from './own-command.ts';

const SMALL_PROGRAM = 'r0 = 1\nexit\n';

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
export function ownCommand(argv: readonly string[], preload?: string): { stdout: string; stderr: string } {
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

/** A folder that is there while `work` runs. */
export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'bpf-oracle-bench-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
