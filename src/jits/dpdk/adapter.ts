/** DPDK's JIT, and its interpreter, behind the image protocol: a request to its answer. */
import type { Choices } from '../../core/choices.ts';
import type { ImageRequest } from '../request.ts';
import type { GPR_NAMES } from '../schema.ts';
import { type InterpreterCode, interpreterImage } from './interpreter.ts';
import { type ExternalSymbol, type Librte, type NativeSymbol, symbolTable } from './librte.ts';
import { pcMapOf } from './pc-map.ts';
import { frameOf } from './prologue.ts';

/** ebpf2x86[] of bpf_jit_x86.c: r0..r9. */
const REGS: readonly (typeof GPR_NAMES)[number][] = [
  ...(['rax', 'rdi', 'rsi', 'rdx', 'rcx', 'r8'] as const),
  ...(['rbx', 'r13', 'r14', 'r15'] as const),
];
/** Its helpers are C functions: psABI §3.2.2. */
const CALL_ALIGN = 16;
/** emit_div(): "exit with return value zero"; so does its interpreter (BPF_DIV_ZERO_CHECK of bpf_exec.c). */
const CHOICES: Choices = { divisionByZero: 'exit' };
/** A table of symbols has an entry for each helper number up to the largest. */
const MAX_HELPER = 4096;
const UNUSED: NativeSymbol = { kind: 'function', address: 0n, args: 0 };

/** `interpreter`: what is to run the program instead of its native code. */
export function answerTo(request: ImageRequest, librte: Librte, interpreter?: InterpreterCode): object {
  const { id } = request;
  const symbols = symbolsOf(request);
  if (symbols === undefined) return { id, refused: `helper numbers above ${MAX_HELPER}` };
  const [context] = request.regions.filter(({ name }) => name === 'ctx');
  const bpf = Buffer.from(request.bpf, 'hex');
  const result = librte.load(bpf, symbols, context?.size ?? 0);
  if (result.kind === 'refused') return { id, refused: reasonOf(result.log) };
  const code = librte.codeOf(result.bpf);
  librte.destroy(result.bpf);
  if (interpreter !== undefined) {
    const input = { bpf, symbols: symbolTable(symbols), base: BigInt(request.base) };
    const made = interpreterImage(interpreter, input);
    return { id, ...imageIn(made.code, made.entry) };
  }
  if (code === null) return { id, refused: `no native code, only its interpreter: ${reasonOf(result.log)}` };
  return { id, ...imageIn(code, 0), ...detailsOf(code, bpf) };
}

const imageIn = (code: Uint8Array, entry: number) => ({
  image: Buffer.from(code.buffer, code.byteOffset, code.length).toString('hex'),
  entry,
  subprogEntries: [entry],
  callAlign: CALL_ALIGN,
  choices: CHOICES,
});

/** What native code does not say of itself. */
function detailsOf(code: Uint8Array, bpf: Uint8Array): object {
  const frame = frameOf(code);
  const { fp, stack, hasFp } = frame;
  return {
    regs: [...REGS, hasFp ? 'rbp' : null],
    frames: [{ fp, size: stack, stack }],
    ...pcMapOf(bpf, code, frame),
  };
}

/** Helpers at the index of their number, then the memory that the program may name. */
function symbolsOf({ callees, args, regions }: ImageRequest): ExternalSymbol[] | undefined {
  const symbols: ExternalSymbol[] = [];
  for (const [key, address] of Object.entries(callees)) {
    const [kind, number] = key.split(':');
    if (kind !== 'helper') continue;
    const id = Number(number);
    if (id < 0 || id > MAX_HELPER) return undefined;
    while (symbols.length <= id) symbols.push(UNUSED);
    symbols[id] = { kind: 'function', address: BigInt(address), args: args[key] ?? 0 };
  }
  const variables = regions.map(({ address, size }): ExternalSymbol => {
    return { kind: 'variable', address: BigInt(address), size };
  });
  return [...symbols, ...variables];
}

/** The first thing it complained about, without the address of its own data in it. */
function reasonOf(log: string): string {
  const [line = ''] = log.split('\n').filter((text) => text.trim() !== '');
  return line === '' ? 'it gave no reason' : line.replace(/\(0x[0-9a-f]+\)/g, '').trim();
}
