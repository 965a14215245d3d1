/** The JSON document of check and conformance: schema `bpf-oracle/check@1`. */
import { hex, hex64 } from '../core/u64.ts';
import { type CaseResult, type Summary, summarise, type VerdictName } from '../oracle/case.ts';
import type { Culprit } from '../oracle/locate.ts';
import { type VacuityCounts, vacuityOfAll } from '../oracle/vacuity-count.ts';
import type { Divergence, Observed, Vacuity } from '../oracle/verdict.ts';
import { insnText } from './insn-text.ts';
import { nativeText } from './native.ts';
import type { CasesReport, ExpectedList } from './reporter.ts';
import { bytesText, fieldName, observedText, reasonText, type Scene } from './words.ts';

/** `outcome`, `r0`, `memory` and `insns` are the reference's; null where it was not run. */
export interface JsonResult {
  readonly name: string;
  readonly verdict: VerdictName;
  readonly reason: string | null;
  readonly outcome: 'exit' | 'fault' | 'budget' | 'unsupported' | null;
  readonly r0: string | null;
  readonly memory: string | null;
  readonly insns: number | null;
  /** Only where the input states an r0. */
  readonly expected?: string;
  readonly divergences: readonly JsonDivergence[];
  /** Only where it is known. */
  readonly culprit?: JsonCulprit;
  /** Why it is known to diverge: only where a list of expected failures says so. */
  readonly expectedFailure?: string;
  /** Only of a program with calls on which both sides agree. */
  readonly vacuity?: Vacuity;
}

export interface JsonDivergence {
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
}

export interface JsonReport {
  readonly schema: 'bpf-oracle/check@1';
  readonly summary: Summary;
  /** Only with a list of expected failures: `why` is a verdict, `absent` or `ambiguous`. */
  readonly expectations?: ExpectedList;
  /** Only where a program with calls agrees. */
  readonly vacuous?: VacuityCounts;
  readonly results: readonly JsonResult[];
}

/** The document as text, with a newline at its end. */
export function jsonReport({ results, expected }: CasesReport): string {
  const vacuous = vacuityOfAll(results);
  const report: JsonReport = {
    schema: 'bpf-oracle/check@1',
    summary: summarise(results),
    ...(expected === undefined ? {} : { expectations: expected }),
    ...(vacuous === null ? {} : { vacuous }),
    results: results.map(jsonResult),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function jsonResult(result: CaseResult): JsonResult {
  const { name, verdict, reason, want, expected, culprit, expectedFailure, vacuity } = result;
  const outcome = want?.outcome ?? null;
  return {
    name,
    verdict,
    reason: reason === null ? null : reasonText(reason, result),
    outcome: outcome?.kind ?? null,
    r0: outcome?.kind === 'exit' ? hex64(outcome.r0) : null,
    memory: want === null ? null : bytesText(want.memory, ''),
    insns: want?.insns ?? null,
    ...(expected === null ? {} : { expected: hex(expected) }),
    divergences: result.divergences.map((divergence) => jsonDivergence(divergence, result)),
    ...(culprit === null ? {} : { culprit: jsonCulprit(culprit, result) }),
    ...(expectedFailure === undefined ? {} : { expectedFailure }),
    ...(vacuity === undefined || vacuity.calls === 0 ? {} : { vacuity }),
  };
}

/** @internal */
export function jsonDivergence({ subject, want, got, pc }: Divergence, scene: Scene): JsonDivergence {
  const text = (side: Observed): string =>
    side.kind === 'bytes' ? bytesText(side.bytes, '') : observedText(side, scene);
  return { field: fieldName(subject, scene), want: text(want), got: text(got), pc };
}

/** @internal */
export function jsonCulprit({ pc, offset, stage }: Culprit, { program, image }: Scene): JsonCulprit {
  const insn = pc === null || program === null ? null : insnText(program, pc);
  return { pc, insn, native: image === null ? '' : nativeText(image, offset), offset, stage };
}
