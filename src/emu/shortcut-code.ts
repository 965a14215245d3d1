/**
 * Machine code that stands in the place of functions of libunicorn (shortcuts.ts). Each looks first whether its thread is the one whose
 * run goes on, which thread's pointer tells (psABI §3.4.6: no other thread has it); if not, it goes on with the function it
 * replaces. Arguments are in rdi, rsi, rdx, rcx, r8 and r9 (psABI §3.2.3); r11 and rax are free.
 */
import type { Pointer } from './libunicorn.ts';

/**
 * Words that the code, which reaches the first 16, and JavaScript share. `owner`: the thread's pointer while it runs, else NOBODY.
 * `size`: addresses from `base` on from which four bytes may be read at `bytes`. `isFirst`: 1 until a block has its first mark of an
 * instruction. `stackSize` bytes from `stack` on hold no code. `global`: what was made for the first register of MPX; 0: nothing yet.
 * `setDirty`, `exitTb`: functions of the library. `holder`: who of `holders` wrote the other words last. `before`: the functions
 * that are replaced.
 */
export const WORD = {
  owner: 0,
  base: 1,
  size: 2,
  bytes: 3,
  isFirst: 4,
  stack: 5,
  stackSize: 6,
  global: 7,
  setDirty: 8,
  exitTb: 9,
  thread: 16,
  holder: 17,
  holders: 18,
  before: 24,
} as const;
/** Thread pointers are even. */
export const NOBODY = 1;
/** Of tcg-opc.h and tcg.h of QEMU 5.0, from which 2.0 and 2.1 are: INDEX_op_insn_start, TCG_COND_LT. */
const INSN_START = 129;
const LESS_THAN = 2;
/** TranslationBlock.tc.ptr */
const CODE_OF_BLOCK = 0x20;

type Bytes = readonly number[];

/** mov r11, imm64 */
export const LOAD_WORDS: Bytes = [0x49, 0xbb];
// biome-ignore format: an instruction a line
const THREAD: Bytes = [
  0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, // mov rax, fs:[0]
];
/** Returns the thread's pointer. */
export const THREAD_POINTER: Bytes = [...THREAD, 0xc3];

const bytesOf = (word: bigint): number[] => [...new Uint8Array(BigUint64Array.of(word).buffer)];
const disp32 = (word: number): number[] => [...new Uint8Array(Int32Array.of(8 * word).buffer)];
/** jmp [r11 + word] */
const goOn = (word: number): Bytes => [0x41, 0xff, 0xa3, ...disp32(word)];
/** call [r11 + word] */
const call = (word: number): Bytes => [0x41, 0xff, 0x93, ...disp32(word)];
const RET: Bytes = [0xc3];

/** `code` if this thread is the owner; where it ends, the function `before`. `first` comes before that and may go there, too. */
function ifOwner(
  words: Pointer,
  before: number,
  code: Bytes,
  first: (rest: number) => Bytes = () => [],
): number[] {
  const owner = [
    ...THREAD,
    ...[0x49, 0x3b, 0x43, 8 * WORD.owner], // cmp rax, [r11 + owner]
    ...[0x75, code.length], // jne 1f
    ...code,
  ];
  return [
    ...[...LOAD_WORDS, ...bytesOf(words)],
    ...first(owner.length),
    ...owner,
    ...goOn(before), // 1:
  ];
}

/** Reads code: rsi = address. */
// biome-ignore format: an instruction a line
const reading = (load: Bytes) => (words: Pointer, before: number): number[] =>
  ifOwner(words, before, [
    0x48, 0x89, 0xf0,                  // mov rax, rsi
    0x49, 0x2b, 0x43, 8 * WORD.base,   // sub rax, [r11 + base]
    0x49, 0x3b, 0x43, 8 * WORD.size,   // cmp rax, [r11 + size]
    0x73, 5 + load.length,             // jae 1f
    0x49, 0x03, 0x43, 8 * WORD.bytes,  // add rax, [r11 + bytes]
    ...load,
    ...RET,
  ]);

/** Does nothing. */
const leaving = (words: Pointer, before: number): number[] => ifOwner(words, before, RET);

/** A block begins. */
// biome-ignore format: an instruction a line
const beginning = (words: Pointer, before: number): number[] =>
  ifOwner(words, before, [
    0x49, 0xc7, 0x43, 8 * WORD.isFirst, 1, 0, 0, 0, // mov qword [r11 + isFirst], 1
  ]);

/** An operation with two arguments is added, esi: of marks of instructions a block's first alone. */
// biome-ignore format: an instruction a line
const adding = (words: Pointer, before: number): number[] =>
  ifOwner(
    words,
    before,
    [
      0x49, 0x83, 0x7b, 8 * WORD.isFirst, 0,          // cmp qword [r11 + isFirst], 0
      0x75, RET.length,                               // jne 2f
      ...RET,
      0x49, 0xc7, 0x43, 8 * WORD.isFirst, 0, 0, 0, 0, // 2: mov qword [r11 + isFirst], 0
    ],
    (rest) => [
      0x81, 0xfe, INSN_START, 0, 0, 0, // cmp esi, INSN_START
      0x75, rest,                      // jne 1f
    ],
  );

/**
 * A block is to jump elsewhere if esi: rdx and ecx are so. Before its first instruction that is where it looks whether the run is to
 * end, rdx being less than 0.
 */
// biome-ignore format: an instruction a line
const branching = (words: Pointer, before: number): number[] =>
  ifOwner(words, before, [
    0x49, 0x83, 0x7b, 8 * WORD.isFirst, 0, // cmp qword [r11 + isFirst], 0
    0x74, 10,                              // je 1f
    0x83, 0xfe, LESS_THAN,                 // cmp esi, LESS_THAN
    0x75, 5,                               // jne 1f
    0x85, 0xc9,                            // test ecx, ecx
    0x75, RET.length,                      // jne 1f
    ...RET,
  ]);

/** The block rdi jumps to rdx, where another's code begins or its own ends: not to itself, nor to one that was made before it. */
// biome-ignore format: an instruction a line
const chaining = (words: Pointer, before: number): number[] =>
  ifOwner(words, before, [
    0x48, 0x3b, 0x57, CODE_OF_BLOCK, // cmp rdx, [rdi + CODE_OF_BLOCK]
    0x77, RET.length,                // ja 1f
    ...RET,
  ]);

/** A block ends where only its run says who is next: libunicorn itself looks for that, which is less to translate. */
// biome-ignore format: an instruction a line
const endingAnywhere = (words: Pointer, before: number): number[] =>
  ifOwner(words, before, [
    0x31, 0xf6, // xor esi, esi
    0x31, 0xd2, // xor edx, edx
    ...goOn(WORD.exitTb),
  ]);

/** A page comes to the TLB, rsi, of the CPU rdi, and an argument is on the stack: stores to it need not be looked at for code. */
// biome-ignore format: an instruction a line
const paging = (words: Pointer, before: number): number[] =>
  ifOwner(words, before, [
    0x48, 0x89, 0xf0,                     // mov rax, rsi
    0x49, 0x2b, 0x43, 8 * WORD.stack,     // sub rax, [r11 + stack]
    0x49, 0x3b, 0x43, 8 * WORD.stackSize, // cmp rax, [r11 + stackSize]
    0x73, 34,                             // jae 1f
    0x57, 0x56, 0x41, 0x53,               // push rdi; push rsi; push r11
    0x48, 0x83, 0xec, 8,                  // sub rsp, 8
    0xff, 0x74, 0x24, 40,                 // push [rsp + 40]
    ...call(before),
    0x48, 0x83, 0xc4, 16,                 // add rsp, 16
    0x41, 0x5b, 0x5e, 0x5f,               // pop r11; pop rsi; pop rdi
    ...goOn(WORD.setDirty),
  ]);

/** A register of the guest is made known, named r8: those of MPX as one. */
// biome-ignore format: an instruction a line
const registering = (words: Pointer, before: number): number[] =>
  ifOwner(words, before, [
    0x66, 0x41, 0x81, 0x38, 0x62, 0x6e, // cmp word [r8], 'bn'
    0x75, 33,                           // jne 1f
    0x41, 0x80, 0x78, 2, 0x64,          // cmp byte [r8 + 2], 'd'
    0x75, 26,                           // jne 1f
    0x49, 0x8b, 0x43, 8 * WORD.global,  // mov rax, [r11 + global]
    0x48, 0x85, 0xc0,                   // test rax, rax
    0x74, RET.length,                   // je 2f
    ...RET,
    0x41, 0x53,                         // 2: push r11
    ...call(before),
    0x41, 0x5b,                         // pop r11
    0x49, 0x89, 0x43, 8 * WORD.global,  // mov [r11 + global], rax
    ...RET,
  ]);

/** What replaces each function, given where the words are and which of them holds its address. */
export const SHORTCUTS = {
  cpu_ldub_code_x86_64: reading([0x0f, 0xb6, 0x00]), // movzx eax, byte [rax]
  cpu_ldl_code_x86_64: reading([0x8b, 0x00, 0x90]), // mov eax, [rax]; nop
  tcg_tb_insert_x86_64: leaving,
  tcg_func_start_x86_64: beginning,
  tcg_gen_op2_x86_64: adding,
  tcg_gen_brcondi_i32_x86_64: branching,
  tb_set_jmp_target_x86_64: chaining,
  tcg_gen_lookup_and_goto_ptr_x86_64: endingAnywhere,
  tlb_set_page_with_attrs_x86_64: paging,
  tcg_global_mem_new_internal_x86_64: registering,
} as const;
export type ShortcutName = keyof typeof SHORTCUTS;
