/**
 * Arithmetic and byte swaps: the rows of RFC 9669 §4.1 and §4.2.
 *
 *   opcode byte   +----------------+---+-------+
 *                 | code (4 bits)  | s | class |    s: 0 = K (imm), 1 = X (src)
 *                 +----------------+---+-------+    class: 4 = ALU (32 bit), 7 = ALU64
 */
export const CLASS_ALU = 0x04;
export const CLASS_ALU64 = 0x07;
export const SOURCE_X = 0x08;

/** Conformance groups of RFC 9669 §2.4; the class adds the 32 or the 64. */
export type AluGroup = 'base' | 'divmul';

export interface AluRow {
  readonly name: string;
  /** Operation code: the top four bits of the opcode byte. */
  readonly code: number;
  /** Value of `off` that selects this row. */
  readonly off: number;
  /** Which source operands exist: K is `imm`, X is the `src` register. */
  readonly source: 'K' | 'X' | 'KX';
  readonly group: AluGroup;
  /** Operator of the LLVM dialect, as in `dst += src`; absent where the row has a syntax of its own. */
  readonly operator?: string;
}

// biome-ignore format: one row per line, in the RFC's order
export const ALU_ROWS = [
  { name: 'add',  code: 0x0, off: 0, source: 'KX', group: 'base',   operator: '+='   },
  { name: 'sub',  code: 0x1, off: 0, source: 'KX', group: 'base',   operator: '-='   },
  { name: 'mul',  code: 0x2, off: 0, source: 'KX', group: 'divmul', operator: '*='   },
  { name: 'div',  code: 0x3, off: 0, source: 'KX', group: 'divmul', operator: '/='   },
  { name: 'sdiv', code: 0x3, off: 1, source: 'KX', group: 'divmul', operator: 's/='  },
  { name: 'or',   code: 0x4, off: 0, source: 'KX', group: 'base',   operator: '|='   },
  { name: 'and',  code: 0x5, off: 0, source: 'KX', group: 'base',   operator: '&='   },
  { name: 'lsh',  code: 0x6, off: 0, source: 'KX', group: 'base',   operator: '<<='  },
  { name: 'rsh',  code: 0x7, off: 0, source: 'KX', group: 'base',   operator: '>>='  },
  { name: 'neg',  code: 0x8, off: 0, source: 'K',  group: 'base'                     },
  { name: 'mod',  code: 0x9, off: 0, source: 'KX', group: 'divmul', operator: '%='   },
  { name: 'smod', code: 0x9, off: 1, source: 'KX', group: 'divmul', operator: 's%='  },
  { name: 'xor',  code: 0xa, off: 0, source: 'KX', group: 'base',   operator: '^='   },
  { name: 'mov',  code: 0xb, off: 0, source: 'KX', group: 'base',   operator: '='    },
  { name: 'arsh', code: 0xc, off: 0, source: 'KX', group: 'base',   operator: 's>>=' },
] as const satisfies readonly AluRow[];

export type AluOp = (typeof ALU_ROWS)[number]['name'];

/** MOVSX: code of `mov`, source X, `off` is the number of bits. RFC 9669 §4.1. */
export const MOVSX_CODE = 0xb;
export const MOVSX_BITS = { 32: [8, 16], 64: [8, 16, 32] } as const;

/** Casts: a 64-bit `mov` from a register; `off` and `imm` say which. include/linux/bpf.h, filter.h. */
// biome-ignore format: a table
export const CAST_ROWS = [
  { to: 'percpu', off: -1, imm: 0       },
  { to: 'kernel', off: 1,  imm: 1       },
  { to: 'user',   off: 1,  imm: 0x10000 },
] as const;

/** Byte swaps. RFC 9669 §4.2: class ALU names the byte order in the source bit, ALU64 always swaps. */
export interface SwapRow {
  readonly name: string;
  readonly class: number;
  readonly sourceBit: 0 | 8;
}

export const SWAP_CODE = 0xd;
export const SWAP_BITS = [16, 32, 64] as const;
// biome-ignore format: a table
export const SWAP_ROWS = [
  { name: 'le',    class: CLASS_ALU,   sourceBit: 0 },
  { name: 'be',    class: CLASS_ALU,   sourceBit: 8 },
  { name: 'bswap', class: CLASS_ALU64, sourceBit: 0 },
] as const satisfies readonly SwapRow[];

export type SwapOp = (typeof SWAP_ROWS)[number]['name'];
