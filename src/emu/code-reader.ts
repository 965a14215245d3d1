/**
 * Libunicorn reads the code it translates byte by byte, and looks for the region and for hooks of memory each time: 270 bytes of a case,
 * 10 ns each. While a run goes on that needs neither, code of one region is read where it lies: the functions that read a
 * byte and four bytes are replaced (import-slots.ts) by
 *
 *   if (this thread is the reader's, and the address is in its region) return bytes[address - base]; else go on as before
 *
 * A process has them for one thread, that which is first.
 */
import koffi from 'koffi';
import type { Mapped } from './guest-space.ts';
import { hasHostCode, PAGE, placeCode, placeWords } from './host-code.ts';
import { type ImportSlot, importSlots, replaceAll } from './import-slots.ts';
import type { Libunicorn, Pointer } from './libunicorn.ts';

const BYTE = 'cpu_ldub_code_x86_64';
const FOUR_BYTES = 'cpu_ldl_code_x86_64';
/** Words the replacements look at. `size`: addresses from which four bytes may be read; 0: none. */
const WORD = { thread: 0, base: 1, size: 2, bytes: 3, byte: 4, fourBytes: 5 } as const;

// biome-ignore format: an instruction a line
const THREAD = Uint8Array.of(
  0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, // mov rax, fs:[0], what no other thread has (psABI 3.4.6)
  0xc3,                                     // ret
);
/** mov r11, imm64 */
const LOAD_WORDS = [0x49, 0xbb];
const LOAD_BYTE = [0x0f, 0xb6, 0x00]; // movzx eax, byte [rax]
const LOAD_FOUR = [0x8b, 0x00, 0x90]; // mov eax, [rax]; nop

/** psABI 3.2.3: rsi = address. */
// biome-ignore format: an instruction a line
const reading = (words: Pointer, load: readonly number[], before: number): number[] => [
  ...LOAD_WORDS, ...new Uint8Array(BigUint64Array.of(words).buffer), // mov r11, words
  0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0,                      // mov rax, fs:[0]
  0x49, 0x3b, 0x43, 8 * WORD.thread,                             // cmp rax, [r11 + thread]
  0x75, 21,                                                      // jne 1f
  0x48, 0x89, 0xf0,                                              // mov rax, rsi
  0x49, 0x2b, 0x43, 8 * WORD.base,                               // sub rax, [r11 + base]
  0x49, 0x3b, 0x43, 8 * WORD.size,                               // cmp rax, [r11 + size]
  0x73, 8,                                                       // jae 1f
  0x49, 0x03, 0x43, 8 * WORD.bytes,                              // add rax, [r11 + bytes]
  ...load,
  0xc3,                                                          // ret
  0x41, 0xff, 0x63, 8 * before,                                  // 1: jmp [r11 + before]
];

export class CodeReader {
  readonly #words: BigUint64Array;
  /** Of the word's two halves the lower one, which is enough. */
  readonly #size: Uint32Array;
  #region: Mapped | undefined;
  #bytesAt: Pointer = 0n;

  /** Whoever had these words before reads no more. */
  constructor(words: BigUint64Array) {
    this.#words = words;
    this.#size = new Uint32Array(words.buffer, words.byteOffset + 8 * WORD.size, 1);
    this.end();
  }

  /** A run begins that translates code of this region, and may be read past hooks of memory. */
  begin(region: Mapped): void {
    if (region !== this.#region) this.#bytesAt = koffi.address(region.bytes);
    this.#region = region;
    this.#words[WORD.base] = region.region.address;
    this.#words[WORD.bytes] = this.#bytesAt;
    this.#size[0] = region.region.size - 3;
  }

  end(): void {
    this.#size[0] = 0;
  }
}

const THREAD_PROTO = koffi.proto('uint64_t()');
const readers = new Map<Libunicorn, CodeReader | null>();

/** One for all handles of this thread, for one of them runs at a time; null where there is none. */
export function codeReaderOf(lib: Libunicorn): CodeReader | null {
  const known = readers.get(lib);
  if (known !== undefined) return known;
  const reader = hasHostCode() ? place(lib) : null;
  readers.set(lib, reader);
  return reader;
}

function place({ emuStopAt }: Libunicorn): CodeReader | null {
  const slots = importSlots(emuStopAt, [BYTE, FOUR_BYTES]);
  const [byte, four] = [slots.get(BYTE), slots.get(FOUR_BYTES)];
  const thread = threadPointer();
  if (byte === undefined || four === undefined || thread === null) return null;
  if (byte.own !== byte.word[0] || four.own !== four.word[0]) return readerOf(thread, byte);
  const host = placeWords();
  if (host === null) return null;
  const ofByte = reading(host.at, LOAD_BYTE, WORD.byte);
  const code = placeCode(Uint8Array.from([...ofByte, ...reading(host.at, LOAD_FOUR, WORD.fourBytes)]));
  if (code === null) return null;
  host.words[WORD.thread] = thread;
  host.words[WORD.byte] = byte.own;
  host.words[WORD.fourBytes] = four.own;
  const isReplaced = replaceAll([
    [byte, code],
    [four, code + BigInt(ofByte.length)],
  ]);
  return isReplaced ? new CodeReader(host.words) : null;
}

/** What no other thread has while this one is there; one that comes after it may. */
function threadPointer(): bigint | null {
  const code = placeCode(THREAD);
  return code === null ? null : BigInt(koffi.decode(code, THREAD_PROTO)());
}

/** That of this thread, or of one before it that had its place, if it is there already; else null. */
function readerOf(thread: bigint, { word }: ImportSlot): CodeReader | null {
  const there = new DataView(koffi.view(word[0] as Pointer, LOAD_WORDS.length + 8));
  if (LOAD_WORDS.some((byte, i) => there.getUint8(i) !== byte)) return null;
  const words = new BigUint64Array(koffi.view(there.getBigUint64(LOAD_WORDS.length, true), PAGE));
  return words[WORD.thread] === thread ? new CodeReader(words) : null;
}
