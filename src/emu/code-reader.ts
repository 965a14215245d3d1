/**
 * Libunicorn reads the code it translates byte by byte, and looks for the region and for hooks of memory each time: 270 bytes of a case,
 * 10 ns each. While a run goes on that needs neither, code of one region is read where it lies: the functions that read a
 * byte and four bytes are replaced (import-slots.ts) by
 *
 *   if (this thread is the reader's, and the address is in its region) return bytes[address - base]; else go on as before
 *
 * A process has one reader, of the thread that is first.
 */
import koffi from 'koffi';
import type { Mapped } from './guest-space.ts';
import { type HostPage, hasHostCode, placeCode, placeWords } from './host-code.ts';
import { importSlots, replaceAll } from './import-slots.ts';
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
const LOAD_BYTE = [0x0f, 0xb6, 0x00]; // movzx eax, byte [rax]
const LOAD_FOUR = [0x8b, 0x00, 0x90]; // mov eax, [rax]; nop

/** psABI 3.2.3: rsi = address. */
// biome-ignore format: an instruction a line
const reading = (words: Pointer, load: readonly number[], before: number): number[] => [
  0x49, 0xbb, ...new Uint8Array(BigUint64Array.of(words).buffer), // mov r11, words
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

  constructor({ words }: HostPage) {
    this.#words = words;
    this.#size = new Uint32Array(words.buffer, words.byteOffset + 8 * WORD.size, 1);
  }

  /** A run begins that translates code of this region, and may be read past hooks of memory. */
  begin(region: Mapped): void {
    if (region !== this.#region) {
      this.#region = region;
      this.#words[WORD.base] = region.region.address;
      this.#words[WORD.bytes] = koffi.address(region.bytes);
    }
    this.#size[0] = region.region.size - 3;
  }

  end(): void {
    this.#size[0] = 0;
  }
}

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
  if (byte === undefined || four === undefined) return null;
  // As they were linked: else another thread has been here.
  if (byte.own !== byte.word[0] || four.own !== four.word[0]) return null;
  const host = placeWords();
  const thread = placeCode(THREAD);
  if (host === null || thread === null) return null;
  const ofByte = reading(host.at, LOAD_BYTE, WORD.byte);
  const code = placeCode(Uint8Array.from([...ofByte, ...reading(host.at, LOAD_FOUR, WORD.fourBytes)]));
  if (code === null) return null;
  host.words[WORD.thread] = BigInt(koffi.decode(thread, koffi.proto('uint64_t bpf_oracle_thread()'))());
  host.words[WORD.byte] = byte.own;
  host.words[WORD.fourBytes] = four.own;
  const isReplaced = replaceAll([
    [byte, code],
    [four, code + BigInt(ofByte.length)],
  ]);
  return isReplaced ? new CodeReader(host) : null;
}
