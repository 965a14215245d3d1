/**
 * Jumps, calls and exit: the rows of RFC 9669 §4.3, and Linux's may_goto.
 *
 *   opcode byte   +----------------+---+-------+
 *                 | code (4 bits)  | s | class |    s: 0 = K (imm), 1 = X (src)
 *                 +----------------+---+-------+    class: 5 = JMP, 6 = JMP32
 */
export const CLASS_JMP = 0x05;
export const CLASS_JMP32 = 0x06;

export interface JumpRow {
  readonly name: string;
  readonly code: number;
  /** Operator of the LLVM dialect, as in `if r1 s> r2 goto +3`. */
  readonly operator: string;
}

// biome-ignore format: one row per line, in the RFC's order
export const JUMP_ROWS = [
  { name: 'jeq',  code: 0x1, operator: '=='  },
  { name: 'jgt',  code: 0x2, operator: '>'   },
  { name: 'jge',  code: 0x3, operator: '>='  },
  { name: 'jset', code: 0x4, operator: '&'   },
  { name: 'jne',  code: 0x5, operator: '!='  },
  { name: 'jsgt', code: 0x6, operator: 's>'  },
  { name: 'jsge', code: 0x7, operator: 's>=' },
  { name: 'jlt',  code: 0xa, operator: '<'   },
  { name: 'jle',  code: 0xb, operator: '<='  },
  { name: 'jslt', code: 0xc, operator: 's<'  },
  { name: 'jsle', code: 0xd, operator: 's<=' },
] as const satisfies readonly JumpRow[];

export type JumpOp = (typeof JUMP_ROWS)[number]['name'];

/** `goto`: class JMP takes `off`, JMP32 takes `imm`. */
export const JA_CODE = 0x0;
export const CALL_CODE = 0x8;
export const EXIT_CODE = 0x9;
/** Linux: BPF_JCOND; src 0 is BPF_MAY_GOTO. */
export const JCOND_CODE = 0xe;

/** What `src` says of a call. RFC 9669 §4.3.1-4.3.2; `kfunc` is the RFC's helper by BTF id. */
export const CALL_SRC = { helper: 0, local: 1, kfunc: 2 } as const;
export type CallKind = keyof typeof CALL_SRC;
