/** What a JIT in a process of its own answers: a line of JSON, checked, to an image. */
import type { ValidateFunction } from 'ajv';
import { MAX_ARGS } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import type { Choices } from '../core/choices.ts';
import { type ArgPlace, type CallSite, type FrameShape, type Image, UNKNOWN_GPR } from '../core/image.ts';
import { CODE_BASE } from '../core/layout.ts';
import { PcMap } from '../core/pc-map.ts';
import { argPlaces } from '../x86/sysv.ts';
import { newAjv } from './new-ajv.ts';
import { GPR_NAMES, IMAGE_SCHEMA, REFUSAL_SCHEMA } from './schema.ts';

/** Larger images are nonsense: Linux's longest program, 1,000,000 instructions, takes less. */
export const MAX_IMAGE_BYTES = 0x100_0000;

/** A line's meaning. */
export type Understood =
  | { readonly kind: 'image'; readonly image: Image }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'nonsense'; readonly why: string };

/** What of the request an answer is held against. */
export interface Asked {
  readonly id: number;
  readonly jit: string;
  readonly program: Program;
}

interface ImageAnswer {
  readonly id: number;
  readonly image: string;
  readonly entry: number;
  readonly subprogEntries: readonly number[];
  readonly pcMap?: readonly (readonly [number, number])[];
  readonly callSites?: readonly (readonly [number, number])[];
  readonly regs?: readonly ((typeof GPR_NAMES)[number] | null)[];
  readonly frames?: readonly { readonly fp: number; readonly size: number; readonly stack: number }[];
  readonly subprogAbi?: 'sysv' | 'own';
  readonly callAlign?: 8 | 16;
  readonly choices?: Choices;
}

interface Refusal {
  readonly id: number;
  readonly refused: string;
}

interface Validators {
  readonly image: ValidateFunction<ImageAnswer>;
  readonly refusal: ValidateFunction<Refusal>;
}

let validators: Validators | undefined;

function schemas(): Validators {
  if (validators === undefined) {
    const ajv = newAjv();
    validators = { image: ajv.compile(IMAGE_SCHEMA), refusal: ajv.compile(REFUSAL_SCHEMA) };
  }
  return validators;
}

/** Reads a line. Never throws. */
export function understand(line: string, asked: Asked): Understood {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    return nonsense(`it is not JSON: ${excerpt(line)}`);
  }
  const { image, refusal } = schemas();
  const isRefusal = typeof answer === 'object' && answer !== null && 'refused' in answer;
  if (isRefusal) {
    if (!refusal(answer)) return nonsense(complaint(refusal));
    return answer.id === asked.id ? { kind: 'refused', why: answer.refused } : wrongId(answer.id, asked);
  }
  if (!image(answer)) return nonsense(complaint(image));
  if (answer.id !== asked.id) return wrongId(answer.id, asked);
  const why = misfit(answer, asked.program);
  return why === undefined ? { kind: 'image', image: imageOf(answer, asked) } : nonsense(why);
}

const nonsense = (why: string): Understood => ({ kind: 'nonsense', why });

const wrongId = (id: number, asked: Asked): Understood =>
  nonsense(`its id is ${id}, but ${asked.id} was asked`);

/** The first thing ajv found, by its path. */
function complaint({ errors }: ValidateFunction): string {
  const [error] = errors ?? [];
  const path = error?.instancePath.replaceAll('/', '.').replace(/^\./, '') ?? '';
  return `${path === '' ? 'it' : path} ${error?.message ?? 'does not fit the schema'}`;
}

const excerpt = (line: string): string => JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);

/** What the schema cannot know: undefined if all fits the program. */
function misfit(answer: ImageAnswer, program: Program): string | undefined {
  const { entry, subprogEntries, pcMap = [], callSites = [], frames } = answer;
  const length = answer.image.length / 2;
  if (length > MAX_IMAGE_BYTES) return `image has ${length} bytes; the limit is ${MAX_IMAGE_BYTES}`;
  if (entry >= length) return `entry ${entry} is outside the image of ${length} bytes`;
  const count = program.subprogs.length;
  if (subprogEntries.length !== count)
    return `subprogEntries has ${subprogEntries.length} entries for ${count} subprogs`;
  const outside = subprogEntries.find((offset) => offset >= length);
  if (outside !== undefined) return `subprog entry ${outside} is outside the image of ${length} bytes`;
  if (frames !== undefined && frames.length !== count)
    return `frames has ${frames.length} entries for ${count} subprogs`;
  return misplaced(pcMap, length, program) ?? strayCall(callSites, length, program);
}

function misplaced(
  pcMap: ImageAnswer['pcMap'] & object,
  length: number,
  program: Program,
): string | undefined {
  let last = 0;
  for (const [pc, offset] of pcMap) {
    if (program.insns[pc] === undefined) return `pcMap names slot ${pc}, where no instruction starts`;
    if (offset > length) return `pcMap puts slot ${pc} at ${offset}, outside the image of ${length} bytes`;
    if (offset < last) return `pcMap goes back from offset ${last} to ${offset}`;
    last = offset;
  }
  return undefined;
}

function strayCall(
  sites: ImageAnswer['callSites'] & object,
  length: number,
  program: Program,
): string | undefined {
  for (const [pc, offset] of sites) {
    if (program.insns[pc]?.kind !== 'call') return `callSites names slot ${pc}, which is no call`;
    if (offset > length) return `callSites: the call at slot ${pc} returns to ${offset}, outside the image`;
  }
  return undefined;
}

function imageOf(answer: ImageAnswer, { jit, program }: Asked): Image {
  const { entry, subprogEntries, pcMap, callSites, frames, callAlign, choices, subprogAbi = 'own' } = answer;
  const regs = answer.regs?.map((name) => (name === null ? UNKNOWN_GPR : GPR_NAMES.indexOf(name)));
  return {
    jit,
    code: new Uint8Array(Buffer.from(answer.image, 'hex')),
    base: CODE_BASE,
    entry,
    subprogEntries,
    args: { bpf: argsOf(regs), native: argPlaces(MAX_ARGS) },
    subprogAbi,
    ...(callAlign === undefined ? {} : { callAlign }),
    ...(choices === undefined ? {} : { choices }),
    ...(regs === undefined ? {} : { regs }),
    ...(pcMap === undefined ? {} : { pcMap: PcMap.of(pcMap) }),
    ...(callSites === undefined ? {} : { callSites: callSites.map((site) => siteOf(site, program)) }),
    ...(frames === undefined ? {} : { frames: frames.map(frameOf) }),
  };
}

/** At a subprog's entry r1..r5 are where they always are; where its stack arguments are, only the JIT knows. */
const argsOf = (regs: readonly number[] | undefined): readonly ArgPlace[] =>
  (regs ?? []).slice(1, 6).map((reg) => ({ in: 'reg', reg }));

function siteOf([pc, returnOffset]: readonly [number, number], { insns, subprogs }: Program): CallSite {
  const insn = insns[pc];
  const call = insn?.kind === 'call' ? insn : { target: 'helper' as const, imm: 0 };
  const callee: CallSite['callee'] =
    call.target === 'local'
      ? { kind: 'bpf', id: subprogs.findIndex(({ start }) => start === pc + 1 + call.imm) }
      : { kind: call.target, id: call.imm };
  return { pc, returnOffset, callee };
}

const frameOf = ({ fp, size, stack }: { fp: number; size: number; stack: number }): FrameShape => ({
  fpDepth: fp,
  bytes: size,
  stackDepth: stack,
  saved: [],
  outgoing: 0,
});
