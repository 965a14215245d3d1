/** An explanation as text for a terminal: at most 40 lines, the first of which say what is wrong and where. */
import type { Syntax } from '../../x86/disasm.ts';
import { visible } from '../visible.ts';
import { PRECISION_TEXT } from '../words.ts';
import type { ExplainedCulprit, Explanation } from './explanation.ts';
import { type Line, paint, type Span, span } from './spans.ts';
import { frameLines, registerLines } from './text-frame.ts';
import { listingLines } from './text-listing.ts';

export interface ExplainTextOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
  readonly syntax: Syntax;
}

/** Lines of the whole text. */
const MAX_LINES = 40;
/** Lines are made for this many columns: a wider terminal gets no wider lines, a narrower one cut ones. */
const MAX_WIDTH = 100;
const MAX_REGISTERS = 7;
const MAX_FRAME = 14;
const MIN_LISTING = 10;
/** Lines of what is wrong: with the three before them the first five. */
const MAX_WHAT = 2;
/** What stands before each line of the head, and what is left of a name at least. */
const HEAD = 8;
const MIN_NAME = 16;
/** What native bytes fill at most of their line. */
const MAX_BYTES = 16;

/** The text, with a newline at its end. */
export function explainText(explained: Explanation, { color, columns, syntax }: ExplainTextOptions): string {
  if (explained.verdict !== 'diverge') return `${quietLine(explained)}\n`;
  const width = Math.min(columns, MAX_WIDTH);
  const lines = divergeLines(explained, width, syntax).map((line) => paint(line, width, color));
  return `${[...lines, ...commandLines(explained)].join('\n')}\n`;
}

function quietLine({ name, verdict, reason, r0 }: Explanation): string {
  const agreed = `nothing to explain: both sides agree${r0 === null ? '' : `, r0 = ${r0}`}`;
  return `${visible(name)}: ${verdict}: ${verdict === 'agree' ? agreed : visible(reason ?? '')}`;
}

function divergeLines(explained: Explanation, width: number, syntax: Syntax): Line[] {
  const head = headLines(explained, width);
  const foot = commandLines(explained).length;
  const list = (height: number): Line[] =>
    listingLines(explained.listing, {
      ...{ anchors: anchorsOf(explained), width, height, syntax },
      stopsAt: explained.stopsAt,
    });
  // The guilty row is never left out, however long: what else there is gets the room beside it.
  const least = Math.max(list(0).length, MIN_LISTING);
  // Blank lines stand around the listing, and after each of the other two.
  const all = MAX_LINES - head.length - foot - 2;
  const registers = registerLines(explained, Math.min(MAX_REGISTERS, all - least - 1));
  const room = all - (registers.length === 0 ? 0 : registers.length + 1);
  const frame = pictureLines(explained, Math.min(MAX_FRAME, room - least - 1));
  const listing = list(room - (frame.length === 0 ? 0 : frame.length + 1));
  return [head, listing, registers, frame, []].flatMap((part, i) =>
    part.length === 0 && i !== 4 ? [] : i === 0 ? part : [[], ...part],
  );
}

/** Who is to blame, with its native bytes, and what is wrong. */
function headLines(explained: Explanation, width: number): Line[] {
  const { jit, convention, what, divergenceCount } = explained;
  const count = `${divergenceCount} ${divergenceCount === 1 ? 'difference' : 'differences'}`;
  const how = ` (${visible(jit ?? '')} JIT, ${convention} convention; ${count})`;
  const name = visible(explained.name);
  const room = Math.max(width - HEAD - how.length, MIN_NAME);
  return [
    [span('diverge '.padEnd(HEAD), 'guilty'), span(clipStart(name, room)), span(how)],
    ...guiltyLines(explained),
    ...wrapped(what, width).map((text, i): Line => [headSpan(i === 0 ? 'what' : ''), span(text)]),
  ];
}

const headSpan = (text: string): Span => span(text.padEnd(HEAD), 'head');

/** The end of a path says more than its start. */
const clipStart = (text: string, width: number): string =>
  text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;

function guiltyLines({ culprit, divergences }: Explanation): Line[] {
  if (culprit === null) {
    const pc = divergences.find((divergence) => divergence.pc !== null)?.pc ?? null;
    const seen = pc === null ? '' : `; first seen at insn ${pc}`;
    return [[headSpan('guilty'), span(`not known${seen}`)]];
  }
  const { window } = culprit;
  const how = window === undefined ? after(culprit) : oneOf(culprit);
  return [
    [headSpan('guilty'), span(guiltyText(culprit), 'guilty'), span(` (stage: ${culprit.stage})${how}`)],
    [headSpan('native'), span(window === undefined ? nativeText(culprit) : windowText(culprit))],
  ];
}

/** Without a pc map. */
function oneOf({ window }: ExplainedCulprit): string {
  const count = (window?.pcs.length ?? 0) + (window?.prologue == null ? 0 : 1);
  return count > 1 ? `, or one of ${count - 1} before it (?)` : '';
}

function windowText({ precision, window }: ExplainedCulprit): string {
  if (precision === 'insn' || window === undefined) return '';
  const { from, to } = window.offsets;
  return `no pc map; ${PRECISION_TEXT[precision]} agree up to 0x${from.toString(16)}, not at 0x${to.toString(16)}`;
}

const after = ({ steps }: ExplainedCulprit): string =>
  steps === null || steps === 0 ? '' : `, after ${steps} ${steps === 1 ? 'insn' : 'insns'}`;

function guiltyText({ pc, insn, stage, subprogName }: ExplainedCulprit): string {
  const name = visible(subprogName);
  if (stage === 'trampoline') return `trampoline: ${insn}`;
  if (stage !== 'prologue') return `insn ${pc} of ${name}: ${insn}`;
  return `prologue of ${name}${pc === null ? '' : `, entered by insn ${pc}: ${insn}`}`;
}

function nativeText({ native, offset }: ExplainedCulprit): string {
  const bytes =
    native
      .map((row) => row.bytes)
      .join('')
      .match(/../g) ?? [];
  if (bytes.length === 0) return `none: it became no code, at 0x${offset.toString(16)}`;
  const shown = bytes.slice(0, MAX_BYTES).join(' ');
  const more = bytes.length > MAX_BYTES ? ` … ${bytes.length} bytes` : '';
  return `${shown}${more} at 0x${(native[0]?.offset ?? offset).toString(16)}`;
}

/** Phrases on at most two lines, broken between words; what does not fit is counted. */
function wrapped(phrases: readonly string[], width: number): string[] {
  for (let count = phrases.length; count > 0; count--) {
    const hidden = phrases.length - count;
    const more = hidden === 0 ? [] : [`… and ${hidden} more`];
    const lines = broken([...phrases.slice(0, count), ...more].join('; '), width - HEAD);
    if (lines.length <= MAX_WHAT || count === 1) return lines.slice(0, MAX_WHAT);
  }
  return [];
}

/** Lines of whole words. */
function broken(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The call that entered a guilty prologue; without a culprit the place where it was first seen. */
function anchorsOf({ culprit, divergences, goesOn }: Explanation): number[] {
  const seen = culprit?.pc ?? divergences.find(({ pc }) => pc !== null)?.pc ?? null;
  return [...(seen === null ? [] : [seen]), ...goesOn];
}

function pictureLines({ frame, shown, culprit, fpName, registers }: Explanation, height: number): Line[] {
  if (frame === null) return [];
  const when = shown === 'after' ? 'right after it' : 'before it';
  const isEntry = culprit?.stage === 'call' && shown === 'after' && frame.subprog !== culprit.subprog;
  // Where a frame register is wrong, what it points to says more than its value.
  const pointers = registers.filter(({ cell, differs }) => differs && (cell === 'rsp' || cell === 'r10'));
  return frameLines(frame, {
    height,
    when: isEntry ? 'as it is entered' : when,
    fp: fpName ?? 'fp',
    pointers: new Map(pointers.map(({ native, name, got }) => [BigInt(got ?? 0), native ?? name])),
  });
}

/** Not cut: they are to be copied, as far as they hold what can be seen. */
function commandLines({ source }: Explanation): string[] {
  const { origin, replay, reshrink } = source;
  const shrunk = origin === null ? '' : `  # seed ${origin.seed}, shrunk ${origin.shrinks} times`;
  return [`again:  ${replay}`, ...(reshrink === null ? [] : [`shrink: ${reshrink}${shrunk}`])].map(visible);
}
