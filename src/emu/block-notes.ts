/**
 * A run whose watched blocks are noted by machine code (block-hook.ts): JavaScript looks at them when it has ended. To
 * be called at each would cost more than to look at all of them.
 */
import koffi from 'koffi';
import { GATE, LEFT_REGS } from './block-hook.ts';
import { clobberRegisters } from './clobber.ts';
import { type NoteLog, type NoteRequest, REG_FILE_WORDS } from './engine.ts';
import { type Libunicorn, type Pointer, UC_X86_REG_FILE } from './libunicorn.ts';
import { LOG_WORDS, MAX_ANSWERS, MAX_BELOW, noteWords } from './note-plan.ts';
import { RECORD } from './recorder/layout.ts';

const WORD_BYTES = 8;

/** Words in memory of this process. */
class HostWords {
  readonly words: BigUint64Array<ArrayBuffer>;
  readonly at: Pointer;

  constructor(words: Iterable<bigint> | number) {
    this.words = typeof words === 'number' ? new BigUint64Array(words) : BigUint64Array.from(words);
    this.at = koffi.address(this.words);
  }

  /** The address of each. */
  places(): HostWords {
    return new HostWords(Array.from(this.words, (_, i) => this.at + BigInt(WORD_BYTES * i)));
  }
}

function leftWords(): bigint[] {
  const regs = new BigUint64Array(REG_FILE_WORDS);
  clobberRegisters(regs);
  return LEFT_REGS.map((index) => regs[index] as bigint);
}

/** What machine code works with while it is called: all runs of this process may share it, and it is never freed. */
const REGS = new HostWords(REG_FILE_WORDS);
const REG_PLACES = REGS.places();
const REG_IDS = Int32Array.from(UC_X86_REG_FILE);
const LEFT = new HostWords(leftWords());
const LEFT_PLACES = LEFT.places();
const LEFT_IDS = Int32Array.from(LEFT_REGS, (index) => UC_X86_REG_FILE[index] as number);

export class BlockNotes {
  readonly #gate: BigUint64Array;
  readonly #filter: Uint8Array;
  readonly #log = new HostWords(LOG_WORDS);
  readonly #answers = new HostWords(2 * MAX_ANSWERS);
  readonly #halves = new Uint32Array(this.#log.words.buffer);
  readonly #counts = new Uint32Array(this.#answers.words.buffer);
  readonly #bytes = new Uint8Array(this.#log.words.buffer);
  #stack: Uint8Array | undefined;
  #stackAt: Pointer = 0n;
  #below = -1;
  #logEnd = 0n;
  #count = 0;

  /** Works with the words of a gate, and marks where blocks return to in its filter. */
  constructor(gate: BigUint64Array, filter: Uint8Array, { regReadBatchAt, regWriteBatchAt }: Libunicorn) {
    this.#gate = gate;
    this.#filter = filter;
    gate[GATE.read] = regReadBatchAt;
    gate[GATE.regIds] = koffi.address(REG_IDS);
    gate[GATE.regPlaces] = REG_PLACES.at;
    gate[GATE.regs] = REGS.at;
    gate[GATE.write] = regWriteBatchAt;
    gate[GATE.leftIds] = koffi.address(LEFT_IDS);
    gate[GATE.leftPlaces] = LEFT_PLACES.at;
    gate[GATE.left] = LEFT.at;
  }

  /** The run that begins is noted, until `disarm`. */
  arm(request: NoteRequest): void {
    const { stack, below, results, destroyed, clobber } = request;
    const gate = this.#gate;
    if (this.#stack !== stack || this.#below !== below) this.#size(request);
    for (let i = 0; i < results.length; i++) {
      this.#counts[4 * i] = destroyed[i] as number;
      this.#answers.words[2 * i + 1] = results[i] as bigint;
    }
    gate[GATE.answer] = this.#answers.at;
    gate[GATE.answerEnd] = this.#answers.at + BigInt(2 * WORD_BYTES * results.length);
    gate[GATE.clobber] = clobber;
    gate[GATE.log] = this.#log.at;
    gate[GATE.logEnd] = this.#logEnd;
    this.#count = 0;
  }

  /** Nothing is noted from now on. */
  disarm(): void {
    const gate = this.#gate;
    if (gate[GATE.log] === 0n) return;
    const stride = noteWords(this.#below);
    this.#count = Number((gate[GATE.log] as bigint) - this.#log.at) / (WORD_BYTES * stride);
    gate[GATE.log] = 0n;
    gate[GATE.logEnd] = 0n;
    // Where the block of each note may return to: the low half of the word at rsp.
    const at = 2 * RECORD.window + this.#below / 4;
    for (let k = 0; k < this.#count; k++)
      this.#filter[(this.#halves[2 * k * stride + at] as number) & (this.#filter.length - 1)] = 0;
  }

  /** Of the last run that was noted. */
  log(): NoteLog {
    const stride = noteWords(this.#below);
    return { halves: this.#halves, bytes: this.#bytes, stride, below: this.#below, count: this.#count };
  }

  #size({ stack, below }: NoteRequest): void {
    if (this.#stack !== stack) this.#stackAt = koffi.address(stack);
    this.#stack = stack;
    this.#below = below;
    const noteBytes = WORD_BYTES * noteWords(below);
    this.#logEnd = this.#log.at + BigInt(WORD_BYTES * LOG_WORDS - noteBytes);
    const gate = this.#gate;
    gate[GATE.window] = this.#stackAt + BigInt(MAX_BELOW - below);
    gate[GATE.windowWords] = BigInt((2 * below) / WORD_BYTES);
    gate[GATE.below] = BigInt(below);
  }
}
