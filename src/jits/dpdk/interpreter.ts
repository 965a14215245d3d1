/**
 * DPDK's interpreter as an image: the machine code of rte_bpf_exec_burst(), which rte_bpf_exec() calls for one
 * context, behind it a `struct rte_bpf` with the program, and a main that calls the one with the other. So it runs where
 * any image runs, and is compared as one.
 */
import type { CodeSegments } from './shared-object.ts';

export interface InterpreterInput {
  /** Instructions, 8 bytes each. */
  readonly bpf: Uint8Array;
  /** `struct rte_bpf_xsym` of each symbol. */
  readonly symbols: BigUint64Array;
  /** Address the image will lie at. */
  readonly base: bigint;
}

export interface InterpreterImage {
  readonly code: Uint8Array;
  readonly entry: number;
}

const FUNCTION = 'rte_bpf_exec_burst';
/** Words of `struct rte_bpf`: of its `prm` the program, its length, the symbols, their number; then what it does not read. */
const BPF_WORDS = 16;
const ALIGN = 16;

/** The code that images of all programs begin with. Undefined if the library has no such function. */
export function interpreterCode({ bytes, functions }: CodeSegments) {
  const start = functions.get(FUNCTION);
  return start === undefined ? undefined : { bytes: withoutHost(bytes), start };
}

export type InterpreterCode = NonNullable<ReturnType<typeof interpreterCode>>;

export function interpreterImage(
  { bytes, start }: InterpreterCode,
  { bpf, symbols, base }: InterpreterInput,
): InterpreterImage {
  const entry = alignUp(bytes.length);
  const structAt = alignUp(entry + MAIN_BYTES);
  const symbolsAt = structAt + 8 * BPF_WORDS;
  const bpfAt = symbolsAt + symbols.byteLength;
  const code = new Uint8Array(bpfAt + bpf.length);
  code.set(bytes);
  code.set(mainCode(base + BigInt(structAt), start - entry), entry);
  const struct = new BigUint64Array(BPF_WORDS);
  struct[0] = base + BigInt(bpfAt);
  struct[1] = BigInt(bpf.length / 8);
  struct[2] = base + BigInt(symbolsAt);
  code.set(new Uint8Array(struct.buffer), structAt);
  code.set(new Uint8Array(symbols.buffer, symbols.byteOffset, symbols.byteLength), symbolsAt);
  code.set(bpf, bpfAt);
  return { code, entry };
}

const alignUp = (value: number): number => Math.ceil(value / ALIGN) * ALIGN;

const MAIN_BYTES = 46;
/** Offset after the call in main. */
const CALL_END = 36;

/** `uint64_t main(void *ctx)`: `rte_bpf_exec_burst(bpf, &ctx, &rc, 1); return rc;` `distance`: from main to it. */
function mainCode(bpf: bigint, distance: number): Uint8Array {
  const code = new Uint8Array(MAIN_BYTES);
  // biome-ignore format: an instruction a row
  code.set([
    0x48, 0x83, 0xec, 0x18,             // sub rsp, 24
    0x48, 0x89, 0x3c, 0x24,             // mov [rsp], rdi
    0x48, 0x89, 0xe6,                   // mov rsi, rsp
    0x48, 0x8d, 0x54, 0x24, 0x08,       // lea rdx, [rsp + 8]
    0xb9, 1, 0, 0, 0,                   // mov ecx, 1
    0x48, 0xbf, 0, 0, 0, 0, 0, 0, 0, 0, // mov rdi, bpf
    0xe8, 0, 0, 0, 0,                   // call rte_bpf_exec_burst
    0x48, 0x8b, 0x44, 0x24, 0x08,       // mov rax, [rsp + 8]
    0x48, 0x83, 0xc4, 0x18,             // add rsp, 24
    0xc3,                               // ret
  ]);
  const view = new DataView(code.buffer);
  view.setBigUint64(23, bpf, true);
  view.setInt32(CALL_END - 4, distance - CALL_END, true);
  return code;
}

/** `jmp [rip + x]; push n; jmp x`: an entry of the procedure linkage table. */
const PLT_ENTRY = [0xff, 0x25, -1, -1, -1, -1, 0x68, -1, -1, -1, -1, 0xe9];
/** `xor eax, eax; ret`: its log and its reader of packets, of which there are none. */
const RETURN_ZERO = [0x31, 0xc0, 0xc3];
/** `mov reg, fs:[0x28]` and `sub reg, fs:[0x28]`, which guard the stack of C code, after `64 48`. */
const GUARD = [0x64, 0x48, -1, -1, 0x25, 0x28, 0, 0, 0];
const MOV = 0x8b;
const SUB = 0x2b;

/** A copy that needs nothing of the process it was loaded in: other libraries, thread-local storage. */
function withoutHost(bytes: Uint8Array): Uint8Array {
  const code = bytes.slice();
  for (let at = 0; at < code.length; at++) {
    if (matches(code, at, PLT_ENTRY)) code.set(RETURN_ZERO, at);
    if (matches(code, at, GUARD)) code.set(unguarded(code[at + 2] ?? 0, code[at + 3] ?? 0), at);
  }
  return code;
}

const matches = (code: Uint8Array, at: number, pattern: readonly number[]): boolean =>
  pattern.every((byte, k) => byte === -1 || code[at + k] === byte);

/** In the same nine bytes: the guard is 0 (`mov reg, 0` keeps flags, as what it replaces), and nobody breaks it. */
function unguarded(opcode: number, modrm: number): number[] {
  const reg = (modrm >> 3) & 7;
  if (opcode === MOV) return [0xb8 | reg, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0x00];
  if (opcode === SUB) return [0x48, 0x85, 0xc0 | (reg << 3) | reg, 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00];
  return [];
}
