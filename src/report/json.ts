/** Results as the JSON document of check-document.ts. */
import { hex, hex64 } from '../core/u64.ts';
import { bucketOf, leadingDivergence } from '../fuzz/bucket.ts';
import { type CaseResult, summarise } from '../oracle/case.ts';
import type { Culprit } from '../oracle/locate.ts';
import { vacuityOfAll } from '../oracle/vacuity-count.ts';
import type { Divergence, Observed } from '../oracle/verdict.ts';
import type { JsonCulprit, JsonDivergence, JsonReport, JsonResult } from './check-document.ts';
import { jsonText } from './json-text.ts';
import { jsonFinding } from './lint-json.ts';
import { nativeText } from './native.ts';
import type { CasesReport } from './reporter.ts';
import { bytesText, fieldName, guiltyInsnText, observedText, reasonText, type Scene } from './words.ts';

/** The document as text, with a newline at its end. */
export function jsonReport(report: CasesReport): string {
  return jsonText(casesDocument(report));
}

function casesDocument({ results, expected, shard }: CasesReport): JsonReport {
  const vacuous = vacuityOfAll(results);
  return {
    schema: 'bpf-oracle/check@1',
    summary: summarise(results),
    ...(expected === undefined ? {} : { expectations: expected }),
    ...(vacuous === null ? {} : { vacuous }),
    results: results.map(jsonResult),
    ...(shard === undefined ? {} : { shard }),
  };
}

/** @internal */
export function jsonResult(result: CaseResult): JsonResult {
  const { name, file, verdict, reason, want, expected, culprit, expectedFailure, vacuity } = result;
  const outcome = want?.outcome ?? null;
  return {
    name,
    ...(file === undefined ? {} : { file }),
    verdict,
    reason: reason === null ? null : reasonText(reason, result),
    ...(reason === null ? {} : { reasonKind: reason.kind }),
    outcome: outcome?.kind ?? null,
    r0: outcome?.kind === 'exit' ? hex64(outcome.r0) : null,
    memory: want === null ? null : bytesText(want.memory, ''),
    insns: want?.insns ?? null,
    ...(expected === null ? {} : { expected: hex(expected) }),
    divergences: result.divergences.map((divergence) => jsonDivergence(divergence, result)),
    ...(verdict === 'diverge' ? { divergenceCount: result.divergenceCount, bucket: bucketOf(result) } : {}),
    ...(reason?.kind === 'contract' ? { breach: jsonFinding(reason.finding, result.program) } : {}),
    ...(culprit === null ? {} : { culprit: jsonCulprit(culprit, result) }),
    ...sourceOf(result),
    ...(expectedFailure === undefined ? {} : { expectedFailure }),
    ...(vacuity === undefined || vacuity.calls === 0 ? {} : { vacuity }),
  };
}

function sourceOf({ program, culprit, divergences, reason }: CaseResult): Pick<JsonResult, 'source'> {
  const breach = reason?.kind === 'contract' ? reason.finding : undefined;
  const pc = (culprit ?? breach ?? leadingDivergence(divergences))?.pc;
  const source = pc == null ? undefined : program?.lines?.[pc];
  return source === undefined ? {} : { source };
}

/** @internal */
export function jsonDivergence({ subject, want, got, pc }: Divergence, scene: Scene): JsonDivergence {
  const text = (side: Observed): string =>
    side.kind === 'bytes' ? bytesText(side.bytes, '') : observedText(side, scene);
  return { kind: subject.kind, field: fieldName(subject, scene), want: text(want), got: text(got), pc };
}

/** @internal */
export function jsonCulprit(culprit: Culprit, scene: Scene): JsonCulprit {
  const { pc, offset, stage, window } = culprit;
  const { image } = scene;
  const insn = guiltyInsnText(scene, culprit);
  const known = { pc, insn, native: image === null ? '' : nativeText(image, offset), offset, stage };
  if (window === undefined) return { ...known, precision: 'insn' };
  const { precision, ...rest } = window;
  return { ...known, precision, window: rest };
}
