/** Runs the command `cost`: the built-in table, or one program under each convention. */
import { CONVENTION_NAMES, type ConventionName } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import { toCase } from '../checker.ts';
import type { Env } from '../core/env.ts';
import { OracleError } from '../core/errors.ts';
import type { Image } from '../core/image.ts';
import { CONTEXT_BYTES } from '../cost/call-forms.ts';
import { frameExample, PICTURED_SUBPROG } from '../cost/frame-example.ts';
import { GCC_FLAGS } from '../cost/gcc.ts';
import { hookCost } from '../cost/hook.ts';
import { measure } from '../cost/measure.ts';
import { GCC_VERSION } from '../cost/native-code.ts';
import { nativeRows, tableRows } from '../cost/table.ts';
import { compile } from '../jit/compile.ts';
import type { Case } from '../oracle/case.ts';
import { withCostMarkdown } from '../report/cost-markdown.ts';
import {
  type ConventionCost,
  type CostReport,
  costDocument,
  framePicture,
  namedCalls,
} from '../report/cost-report.ts';
import type { TableReport } from '../report/cost-sections.ts';
import { costReportText } from '../report/cost-text.ts';
import { jsonText } from '../report/json-text.ts';
import { reasonText } from '../report/words.ts';
import { checkOptionsFor } from './case-options.ts';
import type { Context } from './context.ts';
import { CostRunner, type CountedRun } from './cost-runner.ts';
import { EXIT } from './failure.ts';
import { loadFile } from './load-file.ts';
import { openDocument } from './open-document.ts';
import type { InputOptions, ReadOptions } from './options.ts';
import { writeFile } from './write-file.ts';

export interface CostOptions extends ReadOptions, InputOptions {
  readonly reporter: 'text' | 'json';
  readonly output?: string;
  readonly markdown?: string;
  readonly frames?: boolean;
}

/** @defaultValue of --insn-limit: each native instruction is counted one by one. */
const INSN_LIMIT = 1_000_000;

/** Throws `usage` and `input` errors for what cannot be read, `engine` errors. */
export function cost(path: string | undefined, options: CostOptions, context: Context): void {
  const document = options.markdown === undefined ? undefined : openDocument(options.markdown);
  const runner = new CostRunner();
  try {
    const report = path === undefined ? builtInTable(runner) : programCost(path, options, runner, context);
    if (document !== undefined && report.kind === 'table')
      writeFile(document.path, withCostMarkdown(document.text, report));
    write(report, options, context);
  } finally {
    runner.close();
  }
}

function write(report: CostReport, { reporter, output, frames = false }: CostOptions, { io }: Context): void {
  const text = reporter === 'json' ? jsonText(costDocument(report)) : costReportText(report, { frames });
  if (output === undefined) io.stdout(text);
  else writeFile(output, text);
}

function builtInTable(runner: CostRunner): TableReport {
  const example = frameExample();
  const env: Env = {
    input: { memory: new Uint8Array(CONTEXT_BYTES) },
    models: new Map(),
    insnLimit: INSN_LIMIT,
  };
  return {
    kind: 'table',
    rows: tableRows({
      compile: (program, convention) => compile(program, { convention }).image,
      run: (program, image) => runner.countOwn({ name: program.name, program, env }, image),
    }),
    native: { compiler: GCC_VERSION, flags: GCC_FLAGS, rows: nativeRows() },
    hook: hookCost((program) => compile(program).image),
    frames: CONVENTION_NAMES.map((convention) =>
      framePicture(example, compile(example, { convention }).image, PICTURED_SUBPROG, convention),
    ),
  };
}

function programCost(path: string, options: CostOptions, runner: CostRunner, context: Context): CostReport {
  const loaded = loadFile(path, options);
  const subject = toCase(loaded, { insnLimit: INSN_LIMIT, ...checkOptionsFor(path, options) });
  const { program } = subject;
  const { taken, refused } = compiled(program);
  return {
    kind: 'program',
    name: loaded.name,
    calls: namedCalls(program, taken[0].image),
    conventions: taken.map(({ convention, image }): ConventionCost => {
      const counted = runner.count(subject, image);
      if (counted.result.verdict === 'diverge') context.exitCode = EXIT.diverge;
      const notRun = whyNotRun(counted, subject, program);
      return {
        convention,
        ...measure(program, image, notRun === null ? counted.runs : null),
        frames: program.subprogs.map(({ index }) => framePicture(program, image, index, convention)),
        notRun,
      };
    }),
    refused,
  };
}

interface Taken {
  readonly convention: ConventionName;
  readonly image: Image;
}

/** Under each convention that takes the program; if none does, throws what the last one says. */
function compiled(program: Program): {
  readonly taken: readonly [Taken, ...Taken[]];
  readonly refused: { readonly convention: ConventionName; readonly why: string }[];
} {
  const taken: Taken[] = [];
  const refused: { readonly convention: ConventionName; readonly why: string }[] = [];
  let last: unknown;
  for (const convention of CONVENTION_NAMES) {
    try {
      taken.push({ convention, image: compile(program, { convention }).image });
    } catch (error) {
      if (!(error instanceof OracleError) || error.kind !== 'input') throw error;
      refused.push({ convention, why: error.parts.why });
      last = error;
    }
  }
  const [first, ...others] = taken;
  if (first === undefined) throw last;
  return { taken: [first, ...others], refused };
}

/** Counts of a run that goes astray, or not to its end, say nothing of the program. */
function whyNotRun({ result, runs }: CountedRun, { name }: Case, program: Program): string | null {
  const { verdict, reason } = result;
  if (runs !== null && verdict === 'agree') return null;
  if (reason !== null) return reasonText(reason, { program, image: null });
  return `native code does not do what the interpreter does; see bpf-oracle check ${name}`;
}
