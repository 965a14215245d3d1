/**
 * A digest of the cases a campaign made. Each case's bytes are hashed, mixed with its index and added up, so
 * that it does not matter who made which case in what order. Two lanes of 32 bits; finaliser of MurmurHash3
 * (fmix32). Not meant to withstand an attacker.
 */
import { encodeWords } from '../bpf/encode.ts';
import { nativeProtoText } from '../bpf/native-proto.ts';
import type { Program } from '../bpf/program.ts';
import { signatureText } from '../bpf/proto.ts';
import type { Input } from '../core/env.ts';
import { type JitSwitches, switchLines } from '../core/jit-switches.ts';
import { low32 } from '../core/u64.ts';

/** What a case consists of. */
export interface DigestedCase {
  readonly program: Program;
  readonly input: Input;
  readonly jit?: JitSwitches;
}

const UTF8 = new TextEncoder();
const FIRST_PRIME = 0x85eb_ca6b;
const SECOND_PRIME = 0xc2b2_ae35;

function mixLow(low: number, value: number): number {
  const mixed = Math.imul(low ^ value, FIRST_PRIME);
  return (mixed << 13) | (mixed >>> 19);
}

function mixHigh(high: number, value: number): number {
  const mixed = Math.imul(high ^ value, SECOND_PRIME);
  return (mixed << 17) | (mixed >>> 15);
}

class Hash {
  /** Signed, which engines keep without a box. */
  #low = 0x9747_b28c | 0;
  #high = 0x1b87_3593;

  word(value: number): void {
    this.#low = mixLow(this.#low, value);
    this.#high = mixHigh(this.#high, value);
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    let [low, high] = [mixLow(this.#low, length), mixHigh(this.#high, length)];
    const whole = length & ~3;
    for (let i = 0; i < whole; i += 4) {
      const word =
        (bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24);
      low = mixLow(low, word);
      high = mixHigh(high, word);
    }
    this.#low = low;
    this.#high = high;
    for (let i = whole; i < length; i++) this.word(bytes[i] as number);
  }

  /** As `bytes` of the same, little-endian. */
  words(words: Int32Array): void {
    const { length } = words;
    let [low, high] = [mixLow(this.#low, 4 * length), mixHigh(this.#high, 4 * length)];
    for (let i = 0; i < length; i++) {
      const word = words[i] as number;
      low = mixLow(low, word);
      high = mixHigh(high, word);
    }
    this.#low = low;
    this.#high = high;
  }

  text(text: string): void {
    this.bytes(UTF8.encode(text));
  }

  lanes(): readonly [low: number, high: number] {
    return [fmix32(this.#low ^ this.#high), fmix32(this.#high + Math.imul(this.#low, 5))];
  }
}

function fmix32(h: number): number {
  h = Math.imul(h ^ (h >>> 16), FIRST_PRIME);
  h = Math.imul(h ^ (h >>> 13), SECOND_PRIME);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of everything a case's run depends on; `code` is its program, encoded. */
function hashCase(
  { program, input, jit }: DigestedCase,
  code: Int32Array,
  index: number,
): readonly [number, number] {
  const hash = new Hash();
  hash.word(index | 0);
  hash.words(code);
  hash.bytes(input.memory);
  for (const { start, args } of program.subprogs) hash.word((start << 4) | args);
  for (const { kind, id, args, signature } of program.callees.values()) {
    hash.word((id << 6) | ((args ?? 15) << 2) | (kind === 'kfunc' ? 2 : 1));
    if (signature !== undefined) hash.text(signatureText(signature));
  }
  for (const { address, bytes, writable } of program.data) {
    hash.word(low32(address) | (writable ? 1 : 0));
    hash.bytes(bytes);
  }
  for (const { programs } of program.progArrays ?? []) for (const entry of programs) hash.word(entry ?? -1);
  if (program.exceptionCallback !== undefined) hash.word(program.exceptionCallback);
  if (jit !== undefined) for (const [key, value] of switchLines(jit)) hash.text(`${key} ${value}`);
  if (program.native !== undefined) hash.text(nativeProtoText(program.native));
  return hash.lanes();
}

/** Running digest of many cases. */
export class CaseDigest {
  readonly #sum = new Uint32Array(2);

  /** Adds a case. `code`: its program, encoded, where the caller has it. */
  add(index: number, subject: DigestedCase, code: Int32Array = encodeWords(subject.program.insns)): void {
    this.addLanes(hashCase(subject, code, index));
  }

  /** Adds a name, wherever in the order. */
  addName(text: string): void {
    const hash = new Hash();
    hash.text(text);
    this.addLanes(hash.lanes());
  }

  addLanes([low, high]: readonly [number, number]): void {
    const sum = this.#sum;
    sum[0] = (sum[0] as number) + low;
    sum[1] = (sum[1] as number) + high;
  }

  /** Adds the cases of another digest, as `toString` wrote it. */
  addText(text: string): void {
    this.addLanes([Number.parseInt(text.slice(0, 8), 16), Number.parseInt(text.slice(8), 16)]);
  }

  /** To be added to another digest. */
  lanes(): readonly [number, number] {
    return [this.#sum[0] as number, this.#sum[1] as number];
  }

  /** 16 hex digits. */
  toString(): string {
    return [...this.#sum].map((lane) => lane.toString(16).padStart(8, '0')).join('');
  }
}

/** Tells whether two programs with their inputs are the same bytes. 16 hex digits. */
export function digestOf(subject: DigestedCase): string {
  const digest = new CaseDigest();
  digest.add(0, subject);
  return digest.toString();
}
