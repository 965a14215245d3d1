/**
 * DPDK's librte_bpf through koffi: loads a program, which validates and compiles it, and copies the code out.
 * Authority: rte_bpf.h of DPDK 22.11; no EAL is initialised, none is needed.
 */
import koffi from 'koffi';

/** enum rte_bpf_arg_type. */
const ARG_RAW = 1;
const ARG_PTR = 0x10;
/** enum rte_bpf_xtype. */
const XTYPE_FUNC = 0;
const XTYPE_VAR = 1;

/**
 * Words of `struct rte_bpf_xsym`: name, type, then of a function: address, number of arguments, five times an
 * argument (type, size, buf_size), the result; of a variable: address and one argument.
 */
const XSYM_WORDS = 22;
const XSYM_ARGS = 4;
const XSYM_RESULT = 19;
const ARG_WORDS = 3;
const MAX_ARGS = 5;
/** `struct rte_bpf_prm`: instructions, their number, symbols, their number, the program's argument. */
const PRM_WORDS = 7;
/** `struct rte_bpf_jit`: code, size. */
const JIT_WORDS = 2;
const WORD_BYTES = 8n;

/** A helper, at the index its number is. */
export interface NativeSymbol {
  readonly kind: 'function';
  readonly address: bigint;
  readonly args: number;
}

/** Memory that a `lddw` of its address makes a pointer to. */
export interface VariableSymbol {
  readonly kind: 'variable';
  readonly address: bigint;
  readonly size: number;
}

export type ExternalSymbol = NativeSymbol | VariableSymbol;

/** What a program comes to. `log`: what the library said. */
export type LoadResult =
  | { readonly kind: 'loaded'; readonly bpf: bigint; readonly log: string }
  | { readonly kind: 'refused'; readonly log: string };

export interface Librte {
  /** e.g. `DPDK 22.11.11` */
  readonly version: string;
  /** `contextSize` bytes lie at r1; 0: r1 is a number. */
  load(code: Uint8Array, symbols: readonly ExternalSymbol[], contextSize: number): LoadResult;
  /** A copy of its native code; null if the library made none. */
  codeOf(bpf: bigint): Uint8Array | null;
  /** Runs it in its interpreter, with nothing at r1; r0. */
  interpret(bpf: bigint): bigint;
  destroy(bpf: bigint): void;
}

export function openLibrte(path: string): Librte {
  const lib = koffi.load(path);
  const eal = koffi.load(path.replace('librte_bpf', 'librte_eal'));
  const load = lib.func('void *rte_bpf_load(void *prm)');
  const getJit = lib.func('int rte_bpf_get_jit(void *bpf, void *jit)');
  const exec = lib.func('uint64_t rte_bpf_exec(void *bpf, void *context)');
  const destroy = lib.func('void rte_bpf_destroy(void *bpf)');
  const log = openLog(eal);
  return {
    version: String(eal.func('const char *rte_version()')()),
    load: (code, symbols, contextSize) => {
      log.rewind();
      const bpf: bigint | null = load(parameters(code, symbolTable(symbols), contextSize));
      const text = log.text();
      return bpf === null ? { kind: 'refused', log: text } : { kind: 'loaded', bpf, log: text };
    },
    codeOf: (bpf) => {
      const jit = new BigUint64Array(JIT_WORDS);
      getJit(bpf, jit);
      const [code = 0n, size = 0n] = jit;
      return code === 0n ? null : new Uint8Array(koffi.view(code, Number(size))).slice();
    },
    interpret: (bpf) => BigInt.asUintN(64, BigInt(exec(bpf, null))),
    destroy: (bpf) => {
      destroy(bpf);
    },
  };
}

interface Log {
  rewind(): void;
  text(): string;
}

/** Sends the library's log to memory. */
function openLog(eal: ReturnType<typeof koffi.load>): Log {
  const libc = koffi.load(null);
  const openMemory = libc.func('void *open_memstream(void *pointer, void *size)');
  const flush = libc.func('int fflush(void *stream)');
  const rewind = libc.func('void rewind(void *stream)');
  const place = new BigUint64Array(2);
  const stream: bigint = openMemory(place, koffi.address(place) + WORD_BYTES);
  eal.func('int rte_openlog_stream(void *stream)')(stream);
  return {
    rewind: () => {
      rewind(stream);
    },
    text: () => {
      flush(stream);
      const [pointer = 0n, size = 0n] = place;
      return size === 0n ? '' : Buffer.from(koffi.view(pointer, Number(size))).toString('latin1');
    },
  };
}

/** What the records point to must live as long as the call; the library copies it. */
function parameters(code: Uint8Array, table: BigUint64Array, contextSize: number): BigUint64Array {
  const prm = new BigUint64Array(PRM_WORDS);
  prm[0] = koffi.address(code);
  prm[1] = BigInt(code.length) / WORD_BYTES;
  prm[2] = table.length === 0 ? 0n : koffi.address(table);
  prm[3] = BigInt(table.length / XSYM_WORDS);
  prm[4] = BigInt(contextSize === 0 ? ARG_RAW : ARG_PTR);
  prm[5] = contextSize === 0 ? WORD_BYTES : BigInt(contextSize);
  return prm;
}

const NAME = new Uint8Array([0x73, 0]);

/** `struct rte_bpf_xsym` of each. */
export function symbolTable(symbols: readonly ExternalSymbol[]): BigUint64Array {
  const table = new BigUint64Array(XSYM_WORDS * symbols.length);
  symbols.forEach((symbol, index) => {
    const at = XSYM_WORDS * index;
    table[at] = koffi.address(NAME);
    table[at + 1] = BigInt(symbol.kind === 'function' ? XTYPE_FUNC : XTYPE_VAR);
    table[at + 2] = symbol.address;
    if (symbol.kind === 'variable') {
      table[at + 3] = BigInt(ARG_PTR);
      table[at + 4] = BigInt(symbol.size);
      return;
    }
    const args = Math.min(symbol.args, MAX_ARGS);
    table[at + 3] = BigInt(args);
    for (let k = 0; k < args; k++) setRaw(table, at + XSYM_ARGS + ARG_WORDS * k);
    setRaw(table, at + XSYM_RESULT);
  });
  return table;
}

/** A number of 64 bits. */
function setRaw(table: BigUint64Array, at: number): void {
  table[at] = BigInt(ARG_RAW);
  table[at + 1] = WORD_BYTES;
}
