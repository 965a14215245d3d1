/** The JSON document of check, conformance and replay: schema `bpf-oracle/check@1`. */
import type { SourceLine } from '../bpf/program.ts';
import type { Summary, VerdictName } from '../oracle/case.ts';
import type { ExpectedList } from '../oracle/expected-failures.ts';
import type { Precision, Window } from '../oracle/locate.ts';
import type { VacuityCounts } from '../oracle/vacuity-count.ts';
import type { Reason, Subject, Vacuity } from '../oracle/verdict.ts';
import type { JsonLintFinding } from './lint-json.ts';
import type { CasesShard } from './shard.ts';

/** `outcome`, `r0`, `memory` and `insns` are the reference's; null where it was not run. */
export interface JsonResult {
  readonly name: string;
  /** Path it was read from. */
  readonly file?: string;
  readonly verdict: VerdictName;
  readonly reason: string | null;
  /** What kind of reason it is; absent where there is none. */
  readonly reasonKind?: Reason['kind'];
  readonly outcome: 'exit' | 'fault' | 'budget' | 'unsupported' | null;
  readonly r0: string | null;
  readonly memory: string | null;
  readonly insns: number | null;
  /** Only where the input states an r0. */
  readonly expected?: string;
  /** The first ones, in the order of comparison. */
  readonly divergences: readonly JsonDivergence[];
  /** All of them, shown or not. Only of a divergence. */
  readonly divergenceCount?: number;
  /** The same for divergences with the same cause: src/fuzz/bucket.ts. Only of a divergence. */
  readonly bucket?: string;
  /** Only where it is refused for a rule of stack arguments that it breaks. */
  readonly breach?: JsonLintFinding;
  /** Only where it is known. */
  readonly culprit?: JsonCulprit;
  /** The line of source of the instruction at fault, or else of the one where the first difference shows. */
  readonly source?: SourceLine;
  /** Why it is known to diverge: only where a list of expected failures says so. */
  readonly expectedFailure?: string;
  /** Only of a program with calls on which both sides agree. */
  readonly vacuity?: Vacuity;
}

export interface JsonDivergence {
  readonly kind: Subject['kind'];
  readonly field: string;
  readonly want: string;
  readonly got: string;
  readonly pc: number | null;
}

export interface JsonCulprit {
  readonly pc: number | null;
  readonly insn: string | null;
  readonly native: string;
  readonly offset: number;
  readonly stage: string;
  /** `insn`: by a pc map, exact; else a window's, of which `pc` is the likeliest. Always written; once it was not. */
  readonly precision?: 'insn' | Precision;
  /** Only where it is not `insn`. */
  readonly window?: Omit<Window, 'precision'>;
}

export interface JsonReport {
  readonly schema: 'bpf-oracle/check@1';
  readonly summary: Summary;
  /** Only with a list of expected failures: `why` is a verdict, `absent` or `ambiguous`. */
  readonly expectations?: ExpectedList;
  /** Only where a program with calls agrees. */
  readonly vacuous?: VacuityCounts;
  readonly results: readonly JsonResult[];
  /** Only of a part of a run: what `merge` needs. */
  readonly shard?: CasesShard;
}
