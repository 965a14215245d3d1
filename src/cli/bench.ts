/** Runs the command `bench`: probes in this process, then whole runs in processes of their own. */
import { cpus, loadavg } from 'node:os';
import type { Generated } from '../arb/lower.ts';
import { bareEngine } from '../bench/bare-engine.ts';
import { casesBySize, firstCases, MEDIAN_PROGRAM } from '../bench/cases.ts';
import { COMPILE, dpdkStraightLine, INTERPRET, ownStraightLine } from '../bench/dpdk.ts';
import { jitCurve, jitProbe, referenceProbe } from '../bench/rates.ts';
import { type Figures, type Probe, type Spread, takeTurns } from '../bench/rounds.ts';
import { judgedCases, NATIVE, wholeCases } from '../bench/stages.ts';
import { OracleError } from '../core/errors.ts';
import type { Engine } from '../emu/engine.ts';
import type { EngineName } from '../emu/engine-names.ts';
import { openSilicon } from '../emu/silicon/silicon.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import { goalsOf } from '../report/bench-goals.ts';
import { benchHtml } from '../report/bench-html.ts';
import {
  type BareFigures,
  type BenchReport,
  LEAN,
  type PeerFigures,
  type SizeFigures,
  type Stages,
  type SteadyFigures,
  type StraightFigures,
} from '../report/bench-report.ts';
import { benchJson, benchText, withBenchMarkdown } from '../report/bench-text.ts';
import { FuzzRuns } from './bench-fuzz.ts';
import { startFigures } from './bench-processes.ts';
import { SteadyProcesses } from './bench-steady.ts';
import type { BareName, SteadySetup } from './bench-worker.ts';
import type { Context } from './context.ts';
import { openDocument } from './open-document.ts';
import { packageVersion } from './version.ts';
import { writeFile } from './write-file.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly cases: number;
  readonly runs: number;
  readonly reporter: keyof typeof WRITERS;
  readonly markdown?: string;
}

const WRITERS = { text: benchText, json: benchJson, html: benchHtml };

/** Rounds at most of what takes long by itself. */
const FEW = 7;
const WHOLE = 'whole case';
const SILICON = 'load + emulate + observe, on silicon';
const WHOLE_ON_SILICON = 'whole case on silicon';
const OURS = 'ours';
const DPDK = 'DPDK (compiling includes its verifier)';

/** Throws `engine` errors if there is no engine, `input` errors for a document that cannot be written. */
export async function bench(options: BenchOptions, { io }: Context): Promise<void> {
  const document = options.markdown === undefined ? undefined : openDocument(options.markdown);
  const load = loadavg()[0] ?? 0;
  const engines = new Engines();
  try {
    const { version } = engines.unicorn();
    const inside = probeAll(options, engines);
    const few = Math.min(FEW, options.rounds);
    const names: EngineName[] = inside.onSilicon === null ? ['unicorn'] : ['unicorn', 'silicon'];
    const whole = await wholeRuns(names, options.runs, few);
    const figures = { ...inside, ...whole, start: startFigures(few) };
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
      wholeRounds: few,
      ...figures,
      goals: goalsOf(figures),
      command: `bpf-oracle bench --rounds ${options.rounds} --cases ${options.cases} --runs ${options.runs}`,
    };
    if (document !== undefined) writeFile(document.path, withBenchMarkdown(document.text, report));
    io.stdout(WRITERS[options.reporter](report));
  } finally {
    engines.close();
  }
}

type Whole = Pick<BenchReport, 'fuzz' | 'bare' | 'lean' | 'twoProcesses' | 'medianProgram'>;

/**
 * Different cases, run over and over. Of images on bare Unicorn, how many makes no difference from 320 to 20,000 (64.2 and 64.6 us a case,
 * medians of 7): each is translated anew whenever it is loaded, so that no cache is any the warmer.
 */
const STEADY_CASES = 4096;

/** Whole fuzzes and what settles take turns. Before that counts, it has run as many cases as a worker has. */
async function wholeRuns(engines: readonly EngineName[], runs: number, rounds: number): Promise<Whole> {
  const fuzz = new FuzzRuns(engines, runs);
  const [bare, lean] = (['bare', 'lean'] as const).map(
    (on) => new SteadyProcesses({ on, programs: 'first', cases: STEADY_CASES }),
  ) as [SteadyProcesses, SteadyProcesses];
  const median = runs === 0 ? [] : medianProcesses(engines, Math.min(STEADY_CASES, runs));
  const all = [bare, lean, ...median.map(({ of }) => of)];
  try {
    for (const each of all) await each.warmUp(runs);
    for (let round = 0; round < rounds; round++) {
      fuzz.round();
      for (const each of all) await each.round();
    }
    const { twoToOne } = bare.figures();
    return {
      fuzz: fuzz.figures(),
      bare: bareFigures(bare),
      lean: bareFigures(lean),
      twoProcesses: twoToOne,
      medianProgram: medianFigures(median),
    };
  } finally {
    for (const each of all) await each.close();
  }
}

function bareFigures(of: SteadyProcesses): BareFigures {
  const { cases: images, one, two } = of.figures();
  return { images, one, two };
}

type Medians = readonly { readonly on: SteadySetup['on']; readonly of: SteadyProcesses }[];

const medianProcesses = (engines: readonly EngineName[], cases: number): Medians =>
  (['bare', 'lean', ...engines] as const).map((on) => ({
    on,
    of: new SteadyProcesses({ on, programs: 'median', cases }),
  }));

function medianFigures(medians: Medians): BenchReport['medianProgram'] {
  const figuresOn = (name: BareName): SteadyFigures | undefined =>
    medians.find(({ on }) => on === name)?.of.figures();
  const [bare, lean] = [figuresOn('bare'), figuresOn('lean')];
  const judged = medians.filter(({ on }) => on !== 'bare' && on !== 'lean');
  const engines = judged.map(({ on, of }) => ({ engine: on, ...of.figures() }));
  return bare === undefined || lean === undefined ? null : { ...MEDIAN_PROGRAM, engines, bare, lean };
}

/** Engines opened for probes, each with a guest of its own. */
class Engines {
  readonly #open: Engine[] = [];

  unicorn(): Engine {
    return this.#keep(openUnicorn());
  }

  /** Where nothing is hooked that need not be. */
  bareUnicorn(): Engine {
    return this.#keep(openUnicorn({ blockHook: 'none' }));
  }

  /** Or why there is none. */
  silicon(): Engine | string {
    return orWhyNot(() => this.another());
  }

  /** One more of silicon's. */
  another(): Engine {
    return this.#keep(openSilicon());
  }

  close(): void {
    for (const engine of this.#open) engine.close();
  }

  #keep(engine: Engine): Engine {
    this.#open.push(engine);
    return engine;
  }
}

type Inside = Pick<
  BenchReport,
  'stages' | 'onSilicon' | 'sizes' | 'native' | 'peers' | 'jit' | 'reference' | 'straight'
>;

function probeAll({ rounds, cases }: BenchOptions, engines: Engines): Inside {
  const bySize = [...casesBySize(Math.ceil(cases / 2))];
  const first = firstCases(cases);
  const silicon = engines.silicon();
  const dpdk = orWhyNot(() => dpdkStraightLine(DPDK));
  const probes: Probe[] = [
    wholeCases(engines.unicorn(), cases, WHOLE),
    ...bySize.map(([name, made]) => judgedCases(name, engines.unicorn(), made)),
    bareEngine(LEAN, engines.bareUnicorn(), first),
    ...(typeof silicon === 'string'
      ? []
      : [judgedCases(SILICON, silicon, first), wholeCases(engines.another(), cases, WHOLE_ON_SILICON)]),
    ownStraightLine(OURS),
    ...(typeof dpdk === 'string' ? [] : [dpdk]),
    jitProbe(),
    referenceProbe(),
  ];
  const figures = takeTurns(probes, rounds);
  const of = (name: string): Figures => figures.get(name) ?? new Map();
  return {
    stages: stagesOf(of(WHOLE)),
    onSilicon: typeof silicon === 'string' ? null : stagesOf(of(WHOLE_ON_SILICON)),
    sizes: bySize.map(([name, made]) => sizeOf(name, made, of(name))),
    native: spreadOf(of(WHOLE), NATIVE),
    peers: [
      peerOf(LEAN, of(LEAN).get('emulate')),
      peerOf(SILICON, of(SILICON).get(NATIVE), typeof silicon === 'string' ? silicon : undefined),
    ],
    jit: { insn: spreadOf(of('jit'), 'insn'), curve: jitCurve(Math.min(FEW, rounds)) },
    reference: { insn: spreadOf(of('reference'), 'insn') },
    straight: [
      straightOf(OURS, of(OURS)),
      straightOf(DPDK, of(DPDK), typeof dpdk === 'string' ? dpdk : undefined),
    ],
  };
}

/** Without what is the sum of a few. */
const stagesOf = (figures: Figures): Stages =>
  Object.fromEntries([...figures].filter(([name]) => name !== NATIVE));

function sizeOf(name: string, made: readonly Generated[], figures: Figures): SizeFigures {
  const lengths = made.map(({ program }) => program.insns.length).toSorted((a, b) => a - b);
  return {
    name,
    cases: made.length,
    medianInsns: lengths[lengths.length >> 1] ?? 0,
    stages: stagesOf(figures),
  };
}

const peerOf = (name: string, timing: Spread | undefined, absent?: string): PeerFigures =>
  timing === undefined ? { name, timing: null, absent: absent ?? 'not run' } : { name, timing, absent: null };

/** What can be opened, or why it cannot. */
function orWhyNot<T>(open: () => T): T | string {
  try {
    return open();
  } catch (error) {
    if (error instanceof OracleError) return error.parts.why;
    throw error;
  }
}

const straightOf = (name: string, figures: Figures, absent?: string): StraightFigures => ({
  name,
  compile: figures.get(COMPILE) ?? null,
  interpret: figures.get(INTERPRET) ?? null,
  absent: absent ?? null,
});

function spreadOf(figures: Figures, name: string): Spread {
  const spread = figures.get(name);
  if (spread === undefined) throw new TypeError('a probe without its figure');
  return spread;
}
