/** The recorder in one guest: its regions, what a run starts with, and the records a run leaves. */

import type { CallEvent } from '../../core/execution.ts';
import { clobberedArg } from '../../core/junk.ts';
import { RECORDER_BASE } from '../../core/layout.ts';
import type { U64 } from '../../core/u64.ts';
import type { Engine, Records } from '../engine.ts';
import { halvesOf } from '../notes.ts';
import { recorderCode } from './code.ts';
import type { Instrumented } from './instrument.ts';
import {
  CODE_BYTES,
  DATA_BYTES,
  dataWord,
  LOG_BYTES,
  PROGRAM_SLOTS,
  RECORDER_DATA,
  RECORDER_LOG,
  recordBytes,
  SLOT_BYTES,
  SLOTS,
  slotOf,
  WORD,
} from './layout.ts';

/** All records, as words too. */
export interface LogView extends Records {
  readonly words: BigUint64Array;
  readonly count: number;
}

type Views = Pick<LogView, 'words' | 'halves' | 'bytes'>;

/** Answers there is room for. */
export const MAX_ANSWERS = (WORD.end - WORD.answers) / 2;

export class Recorder {
  readonly #engine: Engine;
  readonly #data: () => Uint8Array;
  readonly #log: () => Uint8Array;
  #known: Views | undefined;

  /** Maps its regions. */
  constructor(engine: Engine) {
    this.#engine = engine;
    engine.map({ name: 'recorder', address: RECORDER_BASE, size: CODE_BYTES, perms: 'rx' });
    engine.load(RECORDER_BASE, recorderCode().bytes);
    const region = (name: string, address: number, size: number): (() => Uint8Array) =>
      engine.map({ name, address: BigInt(address), size, perms: 'rw' });
    this.#data = region('recorder data', RECORDER_DATA, DATA_BYTES);
    this.#log = region('recorder log', RECORDER_LOG, LOG_BYTES);
  }

  /** Before a run: `destroyed` says how many words of stack arguments each call destroys. */
  arm(
    { slots, programSlots, windows, firstStackArg }: Instrumented,
    calls: readonly CallEvent[],
    destroyed: readonly number[],
  ): void {
    const words = wordsOf(this.#data());
    words[WORD.log] = BigInt(RECORDER_LOG);
    words[WORD.shadowTop] = BigInt(dataWord(WORD.shadow));
    words[WORD.answer] = BigInt(dataWord(WORD.answers));
    words[WORD.answerEnd] = BigInt(dataWord(WORD.answers + 2 * calls.length));
    words[WORD.windows] = BigInt(windows);
    words[WORD.clobber] = clobberedArg(firstStackArg + 1);
    this.#engine.load(BigInt(SLOTS), slots);
    if (programSlots !== null) this.#engine.load(BigInt(PROGRAM_SLOTS), programSlots);
    for (let subprog = 0; subprog < slots.length / SLOT_BYTES; subprog++)
      words[WORD.targets + subprog] = BigInt(slotOf(subprog));
    calls.forEach((call, i) => {
      words[WORD.answers + 2 * i] = BigInt(destroyed[i] ?? 0);
      words[WORD.answers + 2 * i + 1] = call.result ?? 0n;
    });
  }

  /** Engines may move memory. */
  #records(): Views {
    const bytes = this.#log();
    if (this.#known?.bytes !== bytes) {
      const words = wordsOf(bytes);
      this.#known = { words, halves: halvesOf(words), bytes };
    }
    return this.#known;
  }

  /** What a run left. */
  log({ windows }: Instrumented): LogView {
    const end: U64 = wordsOf(this.#data())[WORD.log] ?? 0n;
    const stride = recordBytes(windows);
    const count = (Number(end) - RECORDER_LOG) / stride;
    const isWhole = Number.isInteger(count) && count >= 0 && count * stride <= LOG_BYTES;
    const { words, halves, bytes } = this.#records();
    return { words, halves, bytes, stride: stride / 8, count: isWhole ? count : 0 };
  }
}

const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): BigUint64Array =>
  new BigUint64Array(buffer, byteOffset, byteLength / 8);
