/** Runs the command `bench`: probes in this process, then whole runs in processes of their own. */
import { cpus, loadavg } from 'node:os';
import type { Generated } from '../arb/lower.ts';
import { bareEngine } from '../bench/bare-engine.ts';
import { casesBySize, firstCases } from '../bench/cases.ts';
import { jitCurve, jitProbe, referenceProbe } from '../bench/rates.ts';
import { type Figures, type Probe, type Spread, takeTurns } from '../bench/rounds.ts';
import { judgedCases, wholeCases } from '../bench/stages.ts';
import { OracleError } from '../core/errors.ts';
import type { Engine } from '../emu/engine.ts';
import { openSilicon } from '../emu/silicon/silicon.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import {
  BARE,
  type BenchReport,
  goalsOf,
  type PeerFigures,
  type SizeFigures,
} from '../report/bench-report.ts';
import { benchJson, benchText, withBenchMarkdown } from '../report/bench-text.ts';
import { fuzzFigures, startFigures } from './bench-processes.ts';
import type { Context } from './context.ts';
import { openDocument } from './open-document.ts';
import { packageVersion } from './version.ts';
import { writeFile } from './write-file.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly cases: number;
  readonly runs: number;
  readonly reporter: 'text' | 'json';
  readonly markdown?: string;
}

/** Rounds at most of what takes long by itself. */
const FEW = 7;
const SILICON = 'silicon, everything observed';

/** Throws `engine` errors if there is no engine, `input` errors for a document that cannot be written. */
export async function bench(options: BenchOptions, { io }: Context): Promise<void> {
  const document = options.markdown === undefined ? undefined : openDocument(options.markdown);
  const load = loadavg()[0] ?? 0;
  const engines = new Engines();
  try {
    const { version } = engines.unicorn();
    const inside = probeAll(options, engines);
    const fuzz = options.runs === 0 ? [] : [1, 2].map((workers) => fuzzFigures(workers, options.runs));
    const figures = { ...inside, fuzz, start: startFigures(Math.min(FEW, options.rounds)) };
    const report: BenchReport = {
      machine: {
        cpu: cpus()[0]?.model ?? 'unknown CPU',
        cores: cpus().length,
        node: process.versions.node,
        tool: packageVersion(),
        engine: version.replace(/ \(.*\)$/, ''),
        load,
      },
      rounds: options.rounds,
      ...figures,
      goals: goalsOf(figures),
      command: `bpf-oracle bench --rounds ${options.rounds} --cases ${options.cases} --runs ${options.runs}`,
    };
    if (document !== undefined) writeFile(document.path, withBenchMarkdown(document.text, report));
    io.stdout(options.reporter === 'json' ? benchJson(report) : benchText(report));
  } finally {
    engines.close();
  }
}

/** Engines opened for probes, each with a guest of its own. */
class Engines {
  readonly #open: Engine[] = [];

  unicorn(): Engine {
    return this.#keep(openUnicorn());
  }

  /** Or why there is none. */
  silicon(): Engine | string {
    try {
      return this.#keep(openSilicon());
    } catch (error) {
      if (error instanceof OracleError) return error.parts.why;
      throw error;
    }
  }

  close(): void {
    for (const engine of this.#open) engine.close();
  }

  #keep(engine: Engine): Engine {
    this.#open.push(engine);
    return engine;
  }
}

type Inside = Pick<BenchReport, 'stages' | 'sizes' | 'peers' | 'jit' | 'reference'>;

function probeAll({ rounds, cases }: BenchOptions, engines: Engines): Inside {
  const bySize = [...casesBySize(Math.ceil(cases / 2))];
  const first = firstCases(cases);
  const silicon = engines.silicon();
  const probes: Probe[] = [
    wholeCases(engines.unicorn(), cases),
    ...bySize.map(([name, made]) => judgedCases(name, engines.unicorn(), made)),
    bareEngine(BARE, engines.unicorn(), first),
    ...(typeof silicon === 'string' ? [] : [judgedCases(SILICON, silicon, first)]),
    jitProbe(),
    referenceProbe(),
  ];
  const figures = takeTurns(probes, rounds);
  const of = (name: string): Figures => figures.get(name) ?? new Map();
  return {
    stages: Object.fromEntries(of('whole case')),
    sizes: bySize.map(([name, made]) => sizeOf(name, made, of(name))),
    peers: [
      peerOf(BARE, of(BARE).get('emulate')),
      peerOf(SILICON, of(SILICON).get('emulate'), typeof silicon === 'string' ? silicon : undefined),
    ],
    jit: { insn: spreadOf(of('jit')), curve: jitCurve(Math.min(FEW, rounds)) },
    reference: { insn: spreadOf(of('reference')) },
  };
}

function sizeOf(name: string, made: readonly Generated[], figures: Figures): SizeFigures {
  const lengths = made.map(({ program }) => program.insns.length).toSorted((a, b) => a - b);
  return {
    name,
    cases: made.length,
    medianInsns: lengths[lengths.length >> 1] ?? 0,
    stages: Object.fromEntries(figures),
  };
}

const peerOf = (name: string, timing: Spread | undefined, absent?: string): PeerFigures =>
  timing === undefined ? { name, timing: null, absent: absent ?? 'not run' } : { name, timing, absent: null };

function spreadOf(figures: Figures): Spread {
  const spread = figures.get('insn');
  if (spread === undefined) throw new TypeError('a probe without its figure');
  return spread;
}
