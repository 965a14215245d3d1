/**
 * An explanation: everything a report shows of one judged case, as plain data (schema `bpf-oracle/explain@1`). Text
 * and HTML are made of it. Numbers that don't fit a double are hex.
 */
import type { Program } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import { hex64 } from '../../core/u64.ts';
import type { CaseResult, VerdictName } from '../../oracle/case.ts';
import type { Explained } from '../../oracle/explained.ts';
import type { Culprit, Precision, Stage, Window } from '../../oracle/locate.ts';
import type { JsonDivergence } from '../check-document.ts';
import { jsonDivergence } from '../json.ts';
import { guiltyInsnText, reasonText } from '../words.ts';
import { guiltyPieces, guiltySubprog } from './guilty.ts';
import { type ListingRow, listingRows, type NativeRow, nativeRows } from './listing.ts';
import { fpName } from './names.ts';
import { type ExplainedState, NO_STATE, stateOf } from './state.ts';
import { type JsonTrace, jsonTrace } from './trace.ts';
import { whatDiffers } from './what.ts';
import { faultOffset, wrongArguments } from './what-runs.ts';

/** Where a case comes from. */
export interface CaseSource {
  /** A command that runs it again. */
  readonly replay: string;
  /** A command that shrinks it again; null where it was not generated. */
  readonly reshrink: string | null;
  /** Of a generated case: how it was found. */
  readonly origin: { readonly seed: number; readonly path: string; readonly shrinks: number } | null;
}

/** The instruction at fault. */
export interface ExplainedCulprit {
  /** BPF slot; null in the prologue of main. */
  readonly pc: number | null;
  readonly insn: string | null;
  readonly stage: Stage;
  /** The subprog whose code it is. */
  readonly subprog: number;
  readonly subprogName: string;
  /** Offset in the image. */
  readonly offset: number;
  readonly native: readonly NativeRow[];
  /** BPF instructions run before it; null where that is not known. */
  readonly steps: number | null;
  /** `insn`: it is this one, by a pc map. Else it is the likeliest of a window, before which that much agreed. */
  readonly precision: 'insn' | Precision;
  /** Only where it is not `insn`. */
  readonly window?: Omit<Window, 'precision'>;
}

export interface ExplainedArgument {
  readonly callee: string;
  readonly position: number;
  readonly want: string;
  readonly got: string;
}

/** Registers and the frame are those right after the culprit, or, if native code did not come that far, before it. */
export interface Explanation extends ExplainedState {
  readonly schema: 'bpf-oracle/explain@1';
  readonly name: string;
  readonly verdict: VerdictName;
  /** Why it is inconclusive or was skipped. */
  readonly reason: string | null;
  /** The JIT that is judged. */
  readonly jit: string | null;
  readonly convention: string | null;
  /** The interpreter's, if it came to its end. */
  readonly r0: string | null;
  readonly source: CaseSource;
  readonly culprit: ExplainedCulprit | null;
  /** Offset at which native code faulted; null if it did not, or not within the image. */
  readonly stopsAt: number | null;
  /** Arguments that the helper or kfunc called by the culprit was passed wrongly. */
  readonly passed: readonly ExplainedArgument[];
  /** What the culprit got wrong, in words. */
  readonly what: readonly string[];
  /** What the comparison of whole runs found; the first ones of so many. */
  readonly divergences: readonly JsonDivergence[];
  readonly divergenceCount: number;
  /** The native frame pointer, which the offsets `fp` of rows count from. */
  readonly fpName: string | null;
  readonly listing: readonly ListingRow[];
  readonly trace: JsonTrace | null;
}

/** Makes the explanation of a case. Any verdict has one; only `diverge` has all parts. */
export function explanation(explained: Explained, source: CaseSource): Explanation {
  const { result } = explained;
  const { name, verdict, reason, program, image, want, divergences, divergenceCount } = result;
  const both = program === null || image === null ? null : { program, image };
  return {
    schema: 'bpf-oracle/explain@1',
    name,
    verdict,
    reason: reason === null ? null : reasonText(reason, result),
    jit: image?.jit ?? null,
    convention: program?.convention ?? null,
    r0: want?.outcome.kind === 'exit' ? hex64(want.outcome.r0) : null,
    source,
    stopsAt: faultOffset(result),
    passed: wrongArguments(result).map((arg) => ({ ...arg, want: hex64(arg.want), got: hex64(arg.got) })),
    what: whatDiffers(explained),
    divergences: divergences.map((divergence) => jsonDivergence(divergence, result)),
    divergenceCount,
    fpName: image === null ? null : fpName(image),
    ...(both === null ? BARE : withCode(both, explained)),
  };
}

type CodeParts = ExplainedState & Pick<Explanation, 'culprit' | 'listing' | 'trace'>;

const BARE: CodeParts = { culprit: null, listing: [], ...NO_STATE, trace: null };

interface Code {
  readonly program: Program;
  readonly image: Image;
}

/** What there is of a case that was compiled. */
function withCode({ program, image }: Code, { result, localisation, trace }: Explained): CodeParts {
  const { culprit } = result;
  return {
    culprit: culprit === null ? null : culpritOf({ program, image }, culprit, localisation?.steps ?? null),
    listing: listingRows(program, image, culprit),
    ...stateOf({ program, image }, localisation, trace),
    trace: trace === null ? null : jsonTrace(trace, program, image, contextSize(result)),
  };
}

const contextSize = ({ want }: CaseResult): number => want?.memory.length ?? 0;

function culpritOf({ program, image }: Code, culprit: Culprit, steps: number | null): ExplainedCulprit {
  const { pc, stage, offset } = culprit;
  const subprog = guiltySubprog(program, culprit);
  return {
    pc,
    insn: guiltyInsnText({ program, image }, culprit),
    stage,
    subprog,
    subprogName: program.subprogs[subprog]?.name ?? `subprog ${subprog}`,
    offset,
    native: culpritCode({ program, image }, culprit),
    steps,
    ...(culprit.window === undefined ? { precision: 'insn' } : windowOf(culprit.window)),
  };
}

const windowOf = ({ precision, ...window }: Window): Pick<ExplainedCulprit, 'precision' | 'window'> => ({
  precision,
  window,
});

/** Its own code; without a pc map that of the window. */
function culpritCode({ program, image }: Code, culprit: Culprit): NativeRow[] {
  if (culprit.window !== undefined) {
    const { from, to } = culprit.window.offsets;
    return nativeRows(program, image, { pc: null, subprog: null, start: from, end: to });
  }
  const [own] = guiltyPieces(program, image, culprit);
  return own === undefined ? [] : nativeRows(program, image, own);
}
