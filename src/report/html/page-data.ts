/**
 * What the page shows, as the JSON in the document: the one contract between what makes a report (this folder)
 * and the script that draws it (page/). Values are strings of hex digits without `0x`; `null` is a value
 * nobody may rely on. Digits of a byte that nobody may rely on are `??`.
 */

/** What a case came to, the worst first; `expected`: it diverges, as a list says it does. */
export const PAGE_MARKS = ['diverge', 'expected', 'inconclusive', 'skipped', 'agree'] as const;
export type PageMark = (typeof PAGE_MARKS)[number];

/** In `<script id="report">`. */
export interface PageReport {
  /** `check`, `fuzz`, … */
  readonly command: string;
  readonly version: string;
  /** How it ended, in a sentence. */
  readonly title: string;
  /** What cases can come to, in words, and how many did; in the order of PAGE_MARKS. */
  readonly marks: readonly (readonly [mark: PageMark, words: string, count: number])[];
  /** Numbers of the run beside the verdicts, each with its name. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly rows: readonly PageRow[];
  /** The row whose case the page begins with. @defaultValue none: it begins with the list */
  readonly opens?: number;
  /** Null where nothing ran. */
  readonly coverage: PageCoverage | null;
}

/** A line of the list. */
export interface PageRow {
  readonly mark: PageMark;
  /** The case's name; of a fuzz failure, its bucket. */
  readonly name: string;
  /** The first difference, or the reason. */
  readonly what: string;
  /** The instruction at fault. */
  readonly culprit: string | null;
  /** Differences; null where there was no comparison. */
  readonly differences: number | null;
  /** Cases of a fuzz failure's bucket. */
  readonly cases: number | null;
  /** Whether the document has a `<script id="case-N">` for row N. */
  readonly hasDetail: boolean;
}

/** Calls made, and forms of instructions seen. */
export interface PageCoverage {
  /** Counts by number of arguments (rows) and `columns`; null where such a call cannot be. */
  readonly calls: {
    readonly columns: readonly (readonly [callee: string, caller: string])[];
    readonly rows: readonly (readonly (number | null)[])[];
  };
  readonly opcodes: readonly PageGrid[];
}

/** Forms of instructions that share their columns; null where there is no such form. */
export interface PageGrid {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly [name: string, cells: readonly (PageForm | null)[]])[];
}

/** How often a form was seen, and how many of the values its operands can have. */
export type PageForm = readonly [count: number, seen: number, possible: number, missing: string];

/** In `<script id="case-N">`: all of one case. */
export interface PageCase {
  readonly differences: readonly PageDifference[];
  /** Differences left out. */
  readonly more: number;
  readonly culprit: PageCulprit | null;
  /** Commands to copy, each with what it does. */
  readonly commands: readonly (readonly [does: string, command: string])[];
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly listing: PageListing | null;
  readonly trace: PageTrace | null;
  /** Why there is no trace, or not all of it. */
  readonly note: string | null;
}

export interface PageDifference {
  readonly field: string;
  readonly want: string;
  readonly got: string;
  readonly pc: number | null;
}

export interface PageCulprit {
  readonly pc: number | null;
  readonly insn: string | null;
  readonly stage: string;
  /** The function whose code it is; null where it is not known. */
  readonly subprog: string | null;
  /** Of the native instruction. */
  readonly offset: number;
  /** All native code that is at fault together. */
  readonly native: readonly PageNative[];
}

/** Offset in the image, and the text in both syntaxes. */
export type PageNative = readonly [offset: number, att: string, intel: string];

/** The image in the order of its bytes: each BPF instruction with what it became. */
export type PageListing = readonly PagePiece[];

export interface PagePiece {
  /** The function that starts here. */
  readonly name?: string;
  /** BPF slot; null in a prologue. */
  readonly pc: number | null;
  readonly insn: string;
  readonly native: readonly PageNative[];
  readonly guilty: boolean;
}

/**
 * A run in lock-step: the state before each BPF instruction, as what changed since the one before it. A cell is a
 * place with a value on both sides.
 */
export interface PageTrace {
  /** Names of the cells, which steps give by index. */
  readonly cells: readonly string[];
  /** Registers and arguments in registers: cell, BPF name, native name. */
  readonly regs: readonly (readonly [cell: number, bpf: string, native: string])[];
  /** Words of memory that change or differ, each with its name. */
  readonly memory: readonly (readonly [cell: number, name: string])[];
  /** By subprog. */
  readonly frames: readonly PageFrame[];
  /** Steps before the first one here. */
  readonly skipped: number;
  readonly steps: readonly PageStep[];
}

export interface PageFrame {
  readonly name: string;
  /** From high to low addresses; empty where the image does not state its frames. */
  readonly slots: readonly PageSlot[];
}

/**
 * A word of a frame: bytes from fp, or of a private stack r10, to it (null: a gap, of words that nobody writes), its address (`rbp+16`), its
 * name, and the part of the frame it is in.
 */
export type PageSlot = readonly [fpOffset: number | null, at: string, name: string, part: string];

/**
 * `changes`: cell, interpreter, JIT; cell, … . The JIT's value is `0` where it agrees with the interpreter's, and
 * `null` where it has nothing to show. `astray`: offset in the image,
 * where native code came to another instruction.
 */
export type PageStep = readonly [
  pc: number,
  subprog: number,
  depth: number,
  changes: readonly (number | string | null)[],
  astray?: number,
];
