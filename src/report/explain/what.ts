/** What differs, as phrases: `f1 gets arg 7 = 0x8, should be 0x7`. */
import { type Program, targetOf } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import type { Image } from '../../core/image.ts';
import { hex, type U64 } from '../../core/u64.ts';
import type { CaseResult } from '../../oracle/case.ts';
import { frameCell, rowAddress } from '../../oracle/cells.ts';
import type { Explained } from '../../oracle/explained.ts';
import { frameRows, isLink } from '../../oracle/frame-rows.ts';
import type { Localisation } from '../../oracle/lockstep.ts';
import type { StepDifference } from '../../oracle/step-differences.ts';
import { lastState, type StepTrace } from '../../oracle/step-trace.ts';
import { gprName } from '../../x86/reg.ts';
import { insnText } from '../insn-text.ts';
import { visible } from '../visible.ts';
import { bytesText } from '../words.ts';
import { apart, should } from './hints.ts';
import { nativeOf, rowName } from './names.ts';
import { ownersOf } from './owners.ts';
import { argumentPhrases, divergencePhrases, wrongArguments } from './what-runs.ts';

/** Everything that differs right after the culprit; where lock-step has nothing, what whole runs show. */
export function whatDiffers(explained: Explained): string[] {
  const { result, localisation, trace } = explained;
  const { program, image } = result;
  if (result.verdict !== 'diverge') return [];
  const owners = ownersOf(result, trace);
  if (program === null || image === null || localisation === null || localisation.differences.length === 0)
    return joined([...divergencePhrases(result, owners), ...linkPhrases(result, trace)]);
  const passed = argumentPhrases(wrongArguments(result));
  // What a callee makes of wrong arguments is not the call's doing.
  const differences = localisation.differences.filter(({ what }) => passed.length === 0 || !isResult(what));
  const phrases = differencePhrases(differences, { program, image, localisation, owners });
  return joined([...new Set([...passed, ...phrases, ...linkPhrases(result, trace)])]);
}

/** What the frame keeps for the caller, where that was overwritten. */
function linkPhrases({ program, image }: CaseResult, trace: StepTrace | null): string[] {
  const last = trace?.steps.at(-1);
  if (program === null || image === null || trace === null || last === undefined) return [];
  const cells = lastState(trace);
  return frameRows(program, image, last.subprog).flatMap(({ role, fpOffset }) => {
    const address = rowAddress(cells, { role, fpOffset });
    const value = address === undefined ? undefined : cells.get(frameCell(address));
    if (!isLink(role) || value?.want === undefined || value.got === undefined || value.want === value.got)
      return [];
    return [`${rowName(role, fpOffset, image)} is ${should(value.want, value.got)}`];
  });
}

const isResult = (what: StepDifference['what']): boolean => what.kind === 'reg' && what.reg === 0;

interface Scene {
  readonly program: Program;
  readonly image: Image;
  readonly localisation: Localisation;
  /** Who has which value, on the interpreter's side. */
  readonly owners: ReadonlyMap<string, U64>;
}

/** Says whose arguments they are once. */
function joined(phrases: readonly string[]): string[] {
  const head = /^.* gets (?=arg )/;
  return phrases.map((text, i) => {
    const [own] = head.exec(text) ?? [];
    const [before] = head.exec(phrases[i - 1] ?? '') ?? [];
    return own !== undefined && own === before ? text.slice(own.length) : text;
  });
}

/** Bytes of a frame or of memory stand together; all else is a phrase each. */
function differencePhrases(differences: readonly StepDifference[], scene: Scene): string[] {
  const phrases: string[] = [];
  for (let i = 0; i < differences.length; ) {
    const first = differences[i] as StepDifference;
    let end = i + 1;
    while (follows(differences[end], differences[end - 1])) end++;
    phrases.push(phrase(first, differences.slice(i, end), scene));
    i = end;
  }
  return phrases;
}

function follows(next: StepDifference | undefined, before: StepDifference | undefined): boolean {
  const [a, b] = [before?.what, next?.what];
  if (a === undefined || b === undefined || !('offset' in a) || !('offset' in b)) return false;
  return a.kind === b.kind && b.offset === a.offset + 1 && regionOf(a) === regionOf(b);
}

const regionOf = (what: StepDifference['what']): number => (what.kind === 'memory' ? what.region : 0);

/** `run`: the difference and the bytes right after it that differ too. */
function phrase({ what, want, got }: StepDifference, run: readonly StepDifference[], scene: Scene): string {
  switch (what.kind) {
    case 'control':
      return controlPhrase(what.pc, got, scene);
    case 'reg':
      return registerPhrase(what.reg, want, got, scene);
    case 'outgoing':
      return `outgoing arg ${6 + what.slot} is ${should(want, got, scene.owners)}`;
    case 'incoming':
      return `${incoming(scene)} arg ${6 + what.slot} ${isEntered(scene) ? '=' : 'is'} ${should(want, got, scene.owners)}`;
    case 'stack':
      return `BPF stack from r10${what.offset} is ${bytesShould(run)}`;
    case 'memory':
      return `${regionName(what.region, scene)}[${what.offset}] is ${bytesShould(run)}`;
    case 'rsp':
      return `rsp is ${apart(want, got)}`;
    case 'given-back':
      return `${gprName(what.gpr)} of main's caller is not given back: it is ${should(want, got, scene.owners)}`;
    case 'kept':
      return `${rowName(what.role, what.fpOffset, scene.image)} is ${should(want, got)}`;
    case 'direction-flag':
      return 'the direction flag is set, should be clear';
  }
}

function registerPhrase(reg: number, want: U64, got: U64, { image, owners }: Scene): string {
  const native = nativeOf(`r${reg}`, image);
  const text = reg === R10 ? apart(want, got) : should(want, got, owners);
  return `r${reg}${native === null ? '' : ` (${native})`} is ${text}`;
}

function bytesShould(run: readonly StepDifference[]): string {
  const text = (side: 'want' | 'got') =>
    bytesText(
      Uint8Array.from(run, (each) => Number(each[side])),
      ' ',
    );
  return `${text('got')}, should be ${text('want')}`;
}

const regionName = (region: number, { program }: Scene): string =>
  region === 0 ? 'context' : visible(program.data[region - 1]?.name ?? `data ${region - 1}`);

/** The subprog that the culprit calls. */
function calledSubprog({ program, localisation: { pc } }: Scene): string | undefined {
  const insn = pc === null ? undefined : program.insns[pc];
  if (pc === null || insn?.kind !== 'call') return undefined;
  const target = targetOf(pc, insn);
  return program.subprogs.find(({ start }) => start === target)?.name;
}

const isEntered = (scene: Scene): boolean => calledSubprog(scene) !== undefined;

function incoming(scene: Scene): string {
  const callee = calledSubprog(scene);
  return callee === undefined ? 'incoming' : `${visible(callee)} gets`;
}

/** Where each side goes on: the reference at a slot, native code at an offset. */
function controlPhrase(pc: number | null, got: U64, { program, image }: Scene): string {
  const offset = Number(got);
  const subprog = program.subprogs[image.subprogEntries.indexOf(offset)];
  const at = image.pcMap?.pcStartingAt(offset);
  const insn = (slot: number): string => `at insn ${slot}: ${insnText(program, slot)}`;
  const there =
    subprog !== undefined
      ? `at the start of ${visible(subprog.name)}`
      : at === undefined
        ? `at ${hex(got)}`
        : insn(at);
  return `native code goes on ${there}; should ${pc === null ? 'end' : `be ${insn(pc)}`}`;
}
